package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"fanfare/engine"
)

func TestNotFound(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{
		"/apps/", "/apps/3", "/apps/3/", "/apps//events", "/apps/3/event", "/apps/3/events/", "/apps/3/events/x", "/apps/3/channels/",
		"/apps/3/channels/a/", "/apps/3/channels/a/members", "/apps/3/channels/a/users/", "/apps/3/users", "/apps/3/users/7", "/apps/3/batch_events/x", "/apps/3/EVENTS",
	} {
		a := w.do(raw("GET", path, ""))
		w.refuses(a, 404, "nothing is served at \""+path+"\"; there is\n  POST /apps/ID/events ")
		for _, e := range served {
			if !strings.Contains(a.body, "/apps/ID/"+e.path+" ") {
				t.Errorf("%s is not told of: %s", e.path, a.body)
			}
		}
	}
}

func TestWrongMethod(t *testing.T) {
	w := newWorld(t)
	f := func(method, path, allow string) {
		t.Helper()
		a := w.do(raw(method, path, ""))
		w.refuses(a, 405, "method \""+method+"\" is not for /apps/ID/")
		if got := a.header.Get("Allow"); got != allow {
			t.Errorf("%s %s: Allow is %q, want %q", method, path, got, allow)
		}
	}
	f("GET", "/apps/3/events", "POST, OPTIONS")
	f("PUT", "/apps/3/events", "POST, OPTIONS")
	f("GET", "/apps/3/batch_events", "POST, OPTIONS")
	f("POST", "/apps/3/channels", "GET, HEAD, OPTIONS")
	f("DELETE", "/apps/3/channels/a", "GET, HEAD, OPTIONS")
	f("POST", "/apps/3/channels/a/users", "GET, HEAD, OPTIONS")
	f("POST", "/apps/3/connections", "GET, HEAD, OPTIONS")
	f("GET", "/apps/3/users/7/terminate_connections", "POST, OPTIONS")
	f("GET", "/apps/3/channels/a/events", "POST, OPTIONS")
	f("POST", "/apps/3/channels/a/stats", "GET, HEAD, OPTIONS")
	f("get", "/apps/3/channels", "GET, HEAD, OPTIONS")
}

// A stranger gets nowhere.
func TestUnsigned(t *testing.T) {
	w := newWorld(t)
	for _, e := range served {
		w.refuses(w.do(raw(e.method, "/apps/3/"+e.path, "")), 401, "auth_key")
	}
	if len(w.ended) != 0 {
		t.Errorf("%v", w.ended)
	}
}

func TestPreflight(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/apps/3/events", "/apps/3/channels/a/users", "/apps/5/anything"} {
		a := w.do(raw("OPTIONS", path, "", "Origin: https://example.com", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: X-Own, Content-Type"))
		if a.status != 204 || a.body != "" {
			t.Errorf("%s: %+v", path, a)
		}
		for name, want := range map[string]string{
			"Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
			"Access-Control-Allow-Headers": "X-Own, Content-Type",
			"Access-Control-Max-Age":       "86400",
			"Content-Length":               "",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
	if got := w.do(raw("OPTIONS", "/apps/3/events", "")).header.Get("Access-Control-Allow-Headers"); got != "Content-Type, X-Pusher-Library, X-Requested-With" {
		t.Errorf("unasked, these headers are allowed: %q", got)
	}
}

func TestHead(t *testing.T) {
	w := newWorld(t)
	for _, endpoint := range []string{"channels", "channels/a", "channels/a/stats", "connections"} {
		want := w.get(endpoint)
		got := w.do(w.signed("HEAD", "/apps/3/"+endpoint, ""))
		if got.status != 200 || got.body != "" || got.header.Get("Content-Length") != fmt.Sprint(len(want.body)) {
			t.Errorf("%s: %+v", endpoint, got)
		}
	}
	if a := w.do(raw("HEAD", "/apps/3/channels", "")); a.status != 401 || a.body != "" {
		t.Errorf("%+v", a)
	}
}

// Requests that are sent at once are answered, and published, in their order,
// also behind one that waits for a worker.
func TestAPI43Pipelining(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("c")
	var all []byte
	var want []string
	for i := range 4 {
		all = append(all, w.signed("POST", "/apps/3/events", body(fmt.Sprint(i), "y", "c"))...)
		all = append(all, w.signed("GET", "/apps/3/channels", "")...)
		want = append(want, fmt.Sprintf("c %d y [%d]", i, h))
	}
	w.peer.Write(all)
	w.work()
	answers := w.answers("POST")
	if len(answers) != 8 {
		t.Fatalf("%d answers", len(answers))
	}
	for i, a := range answers {
		w.is(a, []string{"{}", `{"channels":{"c":{}}}`}[i%2])
	}
	w.got(want...)
}

// byte by byte, the request is the same.
func TestSplitRequest(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("project-3")
	for _, b := range w.signed("POST", "/apps/3/events", h1Body) {
		w.peer.Write([]byte{b})
	}
	w.is(w.answers("POST")[0], "{}")
	w.got(fmt.Sprintf(`project-3 foo {"some":"data"} [%d]`, h))
}

func TestStats(t *testing.T) {
	w := newWorld(t)
	w.get("channels")
	w.get("nothing")
	w.do(raw("OPTIONS", "/apps/3/events", ""))
	w.server.homes[0].counters.count(http.StatusTeapot)
	got := w.server.Stats().Answers
	for status, want := range map[int]uint64{200: 1, 404: 1, 204: 1, 0: 1, 503: 0} {
		if got[status] != want {
			t.Errorf("%d answers with %d, want %d", got[status], status, want)
		}
	}
}

// A page may read the answers that the engine gives by itself, too: answers
// checks their headers.
func TestEnginesAnswers(t *testing.T) {
	f := func(request string, wait time.Duration, status int, part string) {
		t.Helper()
		w := newWorld(t, func(s *setup) {
			s.engine = engine.Config{HeadTimeout: 5 * time.Second, AnswerTimeout: time.Second}
		})
		serveConnections(t, func(k *call) *refusal { k.conn.Park(); return nil })
		w.peer.Write([]byte(strings.Replace(request, "SIGNED", string(w.signed("GET", "/apps/3/connections", "")), 1)))
		w.loop.Advance(wait)
		all := w.answers("POST")
		if len(all) != 1 {
			t.Fatalf("%d answers", len(all))
		}
		w.refuses(all[0], status, part)
	}
	f("POST /apps/3/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n", 0, 413, "request body too large")
	f("POST /apps/3/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 0, 400, "chunk")
	f("POST /apps/3/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 0, 400, "which is no escape")
	f("POST /apps/3/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx", 20*time.Second, 408, "the request did not arrive in time")
	f("SIGNED", 5*time.Second, 503, "no answer in time")
}
