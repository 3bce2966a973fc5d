//go:build e2e && linux

package hostile

import (
	"encoding/json"
	"net"
	"net/http"
	"testing"
	"time"
)

// hookListener notes what webhooks tell, and when.
type hookListener struct {
	addr string
	told chan string
}

func listenForHooks(t *testing.T) *hookListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hookListener{addr: l.Addr().String(), told: make(chan string, 1000)}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(l) }() // which ends when it is closed
	t.Cleanup(func() { server.Close() })
	return h
}

func (h *hookListener) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var p struct {
		Events []struct{ Name, Channel string }
	}
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		h.told <- err.Error()
	}
	for _, e := range p.Events {
		h.told <- e.Name + " " + e.Channel
	}
}

// wants waits for an event, which must not come before soonest.
func (h *hookListener) wants(t *testing.T, what string, soonest, limit time.Duration) {
	t.Helper()
	start := time.Now()
	for timeout := time.After(max(soonest, 0) + limit); ; {
		select {
		case got := <-h.told:
			if got != what {
				continue
			}
			if took := time.Since(start); took < soonest {
				t.Errorf("%s came after %v, want %v or more", what, took, soonest)
			}
			return
		case <-timeout:
			t.Fatalf("webhooks did not tell %s within %v", what, max(soonest, 0)+limit)
		}
	}
}
