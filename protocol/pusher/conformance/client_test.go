package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"fanfare/protocol/pusher/conformance/wire"
)

// scripted runs a check with a connection to a server that answers each message
// that holds one of the keys with these messages, and a pusher:ping with a pong.
// It returns the outcome, and all that the server heard.
func scripted(t *testing.T, own bool, script map[string][]string, check func(*T, *client)) (r result, heard []string) {
	t.Helper()
	done := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		for {
			_, text, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			heard = append(heard, string(text))
			for key, answers := range script {
				for _, answer := range answers {
					if strings.Contains(string(text), key) && conn.Write(r.Context(), websocket.MessageText, []byte(answer)) != nil {
						return
					}
				}
			}
			if strings.Contains(string(text), "pusher:ping") {
				_ = conn.Write(r.Context(), websocket.MessageText, []byte(`{"event":"pusher:pong","data":{}}`))
			}
		}
	}))
	defer srv.Close()
	tg := targetOf(own)
	tg.addr = srv.Listener.Addr().String()
	r = runCheck(t.Context(), tg, "CON-01", func(t *T) { check(t, t.dial(wire.App{}, "/app/key")) })
	<-done
	return r, heard
}

// A ping of the server's is answered, and no check sees it.
func TestServerPings(t *testing.T) {
	r, heard := scripted(t, false, map[string][]string{
		"first":       {`{"event":"pusher:ping"}`, `{"event":"answer"}`},
		"pusher:ping": {`{"event":"pusher:ping","data":{}}`},
	}, func(_ *T, c *client) {
		c.send("first", "", nil)
		c.expect("answer", "")
		c.alive()
	})
	if r.verdict != pass {
		t.Errorf("got %v, want a pass", r)
	}
	pongs := 0
	for _, text := range heard {
		if strings.Contains(text, "pusher:pong") {
			pongs++
		}
	}
	if pongs != 2 {
		t.Errorf("the server heard %v, want a pusher:pong for each of its two pings", heard)
	}
}

func TestRefused(t *testing.T) {
	const null, number = `{"event":"pusher:error","data":{"code":null,"message":"no"}}`, `{"event":"pusher:error","data":{"code":4009,"message":"no"}}`
	const told = `{"event":"pusher:subscription_error","channel":"c","data":{}}`
	tests := []struct {
		name         string
		answers      []string
		own, foreign bool
	}{
		{"null", []string{null}, true, true},
		{"an integer", []string{number}, false, true},
		{"with a subscription_error", []string{null, told}, true, true},
		{"a subscription_error first", []string{told, null}, true, true},
		{"accepted afterwards", []string{null, `{"event":"pusher_internal:subscription_succeeded","channel":"c","data":"{}"}`}, false, false},
		{"accepted", []string{`{"event":"pusher_internal:subscription_succeeded","channel":"c","data":"{}"}`}, false, false},
	}
	for _, tt := range tests {
		for own, want := range map[bool]bool{true: tt.own, false: tt.foreign} {
			r, _ := scripted(t, own, map[string][]string{"pusher:subscribe": tt.answers}, func(_ *T, c *client) {
				c.ask("c", "", "")
				c.refused("c")
			})
			if got := r.verdict == pass; got != want {
				t.Errorf("%s with own server %t: %v, want it to pass: %t", tt.name, own, r, want)
			}
		}
	}
}

func TestProvoke(t *testing.T) {
	r, heard := scripted(t, false, map[string][]string{
		"bad":              {`{"event":"pusher:error","data":{}}`},
		"pusher:subscribe": {`{"event":"pusher_internal:subscription_succeeded","channel":"after-CON-01-` + runTag + `-1","data":"{}"}`},
	}, func(t *T, c *client) {
		if events := c.provoke("bad", "bad", "good"); len(events) != 2 {
			t.fatalf("got %v, want two errors", events)
		}
	})
	if r.verdict != pass {
		t.Errorf("got %v, want a pass", r)
	}
	if len(heard) != 4 {
		t.Errorf("the server heard %v, want three messages and a subscribe", heard)
	}
}
