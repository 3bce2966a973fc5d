package protocol

import (
	"fmt"
	"strings"
	"testing"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/http1"
)

// echo answers with its name and the path that it sees.
type echo string

func (e echo) Request(c *engine.Conn, r *http1.Request) {
	c.Respond(&http1.Response{Status: 200, Body: fmt.Appendf(nil, "%s %s %s", e, r.Path, r.Body)})
}

func (e echo) BodyLimit(r *http1.Request) int {
	if !strings.HasPrefix(string(r.Path), "/apps/") {
		return 0
	}
	return 10
}

func ask(m *Mux, method, path, headers string) (status, body string) {
	p := enginetest.New(engine.Config{}, m).Dial()
	p.Write([]byte(method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + headers))
	head, body, _ := strings.Cut(string(p.Received()), "\r\n\r\n")
	status, _, _ = strings.Cut(strings.TrimPrefix(head, "HTTP/1.1 "), " ")
	return status, body
}

func TestMux(t *testing.T) {
	const upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	for _, test := range []struct {
		prefix, method, path, headers, status, body string
	}{
		{"", "GET", "/", "\r\n", "200", "OK\n"},
		{"", "HEAD", "/", "\r\n", "200", ""},
		{"", "GET", "/up", "\r\n", "200", `{"health":"OK"}`},
		{"", "GET", "/up?x", "\r\n", "200", `{"health":"OK"}`},
		{"", "GET", "/ready", "\r\n", "503", "starting\n"},
		{"", "POST", "/up", "\r\n", "405", "this path is for GET\n"},
		{"", "GET", "/apps/1", "\r\n", "200", "api /apps/1 "},
		{"", "POST", "/apps/1", "Content-Length: 2\r\n\r\nhi", "200", "api /apps/1 hi"},
		{"", "POST", "/apps/1", "Content-Length: 11\r\n\r\n", "413", "*"},
		{"", "GET", "/app/k", "\r\n", "200", "ws /app/k "},
		{"", "GET", "/nothing", upgrade, "200", "4005 /nothing "},
		{"", "GET", "/up", upgrade, "200", "4005 /up "},
		{"", "GET", "/app", "\r\n", "404", "*"},
		{"/x", "GET", "/x/apps/1", "\r\n", "200", "api /apps/1 "},
		{"x/", "POST", "/x/apps/1", "Content-Length: 2\r\n\r\nhi", "200", "api /apps/1 hi"},
		{"x", "GET", "/x", "\r\n", "200", "OK\n"},
		{"x", "GET", "/x/up", "\r\n", "200", `{"health":"OK"}`},
		{"x", "GET", "/xup", "\r\n", "404", "*"},
		{"x", "GET", "/up", "\r\n", "404", "*"},
		{"x", "GET", "/app/k", upgrade, "200", "4005 /app/k "},
		{"", "POST", "/nothing", "Content-Length: 2\r\n\r\nhi", "404", "*"},
	} {
		m := NewMux(test.prefix)
		m.Handle("/apps/", "HTTP API", echo("api"))
		m.Handle("/app/", "WebSocket", echo("ws"))
		m.RefuseUpgrades(echo("4005").Request)
		status, body := ask(m, test.method, test.path, test.headers)
		if status != test.status || test.body != "*" && body != test.body {
			t.Errorf("%s %s with prefix %q: %s %q, want %s %q", test.method, test.path, test.prefix, status, body, test.status, test.body)
		}
	}
}

func TestUnknownPathSaysWhatThereIs(t *testing.T) {
	m := NewMux("ws")
	m.Handle("/apps/", "HTTP API", echo("api"))
	status, body := ask(m, "GET", "/nothing", "\r\n")
	for _, part := range []string{`"/nothing"`, "/ws/apps/...  HTTP API", "/ws/up"} {
		if status != "404" || !strings.Contains(body, part) {
			t.Errorf("%s %q lacks %q", status, body, part)
		}
	}
}

func TestPathWithoutItsSlash(t *testing.T) {
	f := func(prefix, path, first string) {
		t.Helper()
		m := NewMux(prefix)
		m.Handle("/apps/", "HTTP API", echo("api"))
		m.Handle("/app/", "WebSocket", echo("ws"))
		status, body := ask(m, "GET", path, "\r\n")
		if got, _, _ := strings.Cut(body, "\n"); status != "404" || got != first {
			t.Errorf("GET %s with prefix %q: %s %q, want %q", path, prefix, status, got, first)
		}
	}
	f("", "/app", `nothing is served at "/app": it lacks a slash and what follows it; there is`)
	f("", "/apps?x", `nothing is served at "/apps": it lacks a slash and what follows it; there is`)
	f("/x", "/x/apps", `nothing is served at "/apps": it lacks a slash and what follows it; there is`)
	f("/x", "/apps", `nothing is served at "/apps"; there is`)
	f("", "/appx", `nothing is served at "/appx"; there is`)
	f("", "/ap", `nothing is served at "/ap"; there is`)
}

func TestReadyFollowsThePhase(t *testing.T) {
	m := NewMux("")
	for phase, want := range map[Phase]string{Starting: "503 starting\n", Ready: "200 ready\n", Draining: "503 draining\n", 9: "503 unknown\n"} {
		m.SetPhase(phase)
		if status, body := ask(m, "GET", "/ready", "\r\n"); status+" "+body != want {
			t.Errorf("phase %d: %s %q", phase, status, body)
		}
	}
}
