package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// flooded runs a flood against a server that answers request n (from 1 on) as
// answer says, until the server has had 20 requests.
func flooded(t *testing.T, answer func(w http.ResponseWriter, n int)) error {
	t.Helper()
	f := flood{request: func() wire.Request { return wire.Request{Method: http.MethodPost, Path: "/"} }, quit: make(chan struct{})}
	var requests atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := int(requests.Add(1))
		if n == 20 {
			close(f.quit)
		}
		answer(w, n)
	}))
	t.Cleanup(srv.Close)
	f.addr = srv.Listener.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return f.run(ctx)
}

func TestFlood(t *testing.T) {
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter, n int)
		want   string // in the error; empty for none
	}{
		{"a connection that is kept", func(http.ResponseWriter, int) {}, ""},
		{"a connection that is ended and said to be", func(w http.ResponseWriter, _ int) { w.Header().Set("Connection", "close") }, ""},
		{"a connection that is ended unsaid", func(_ http.ResponseWriter, n int) {
			if n%3 == 0 {
				panic(http.ErrAbortHandler) // the next connection serves two more
			}
		}, ""},
		{"a refused publish", func(w http.ResponseWriter, n int) {
			if n == 5 {
				http.Error(w, "too fast", http.StatusServiceUnavailable)
			}
		}, `status 503 with body "too fast\n"`},
		{"connections that serve nothing", func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) }, "cannot read the answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := flooded(t, tt.answer)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got error %v, want none", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got error %v, want %q in it", err, tt.want)
			}
		})
	}
}
