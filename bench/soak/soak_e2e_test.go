//go:build linux && e2e

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fanfare/bench/soak/accident"
)

// short has all faults once, with few clients: whatever must hold for half an hour
// must hold for half a minute. Nothing here depends on how fast the machine is.
var short = []string{"-duration", "20s", "-cycle", "20s", "-connections", "200"}

// soak runs a short one, and returns what it said.
func soak(t *testing.T, flags ...string) (string, error) {
	out := &bytes.Buffer{}
	err := run(t.Context(), append(append([]string{"-logs", t.ArtifactDir()}, short...), flags...), out, out)
	return out.String(), err
}

// At the same time: it is their networks that are their own.
func TestSoak(t *testing.T) {
	t.Chdir("../..") // the top of the checkout, where the command runs
	t.Run("all", func(t *testing.T) {
		t.Run("holds", func(t *testing.T) { t.Parallel(); holds(t) })
		t.Run("withheld", func(t *testing.T) { t.Parallel(); withheld(t) })
	})
}

func holds(t *testing.T) {
	results := t.TempDir()
	out, err := soak(t, "-results", results)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
	files, err := filepath.Glob(filepath.Join(results, "soak-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("written: %q, %v; want one result", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Claims    findings
		Accidents []accident.Accident
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, c := range got.Claims {
		if c.Verdict == failed || c.Verdict == unjudged && !strings.HasPrefix(c.Name, "flat ") {
			t.Errorf("%s: %s, %s", c.Name, c.Verdict, c.Detail)
		}
	}
	for _, k := range accident.Kinds() {
		if !slices.ContainsFunc(got.Accidents, func(a accident.Accident) bool { return a.Kind == k }) {
			t.Errorf("there was no %q", k)
		}
	}
	for _, ext := range []string{".md", ".svg"} {
		if _, err := os.Stat(strings.TrimSuffix(files[0], ".json") + ext); err != nil {
			t.Error(err)
		}
	}
}

// A client that keeps a message from its books makes the soak fail, with a word
// on which one.
func withheld(t *testing.T) {
	out, err := soak(t, "-results", "", "-withhold", "-seed", "2")
	if err == nil || !strings.Contains(out, ": 1 lost, 0 twice") || !strings.Contains(out, "first: steady") {
		t.Errorf("got %v, want one lost message:\n%s", err, out)
	}
}
