//go:build linux

package main

import (
	"net/http"
	"strings"
	"testing"
)

// post sends a body to the limit program.
func post(t *testing.T, r *running, body string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Post("http://"+r.Target.Addr.String()+"/", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
}
