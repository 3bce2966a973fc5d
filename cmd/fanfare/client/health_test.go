package client

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanfare/cmd/fanfare/command"
)

// runHealth runs the command against a server.
func runHealth(t *testing.T, env []string, args ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	c := command.Process{Commands: []*command.Command{HealthCommand()}, Env: env, Stdout: &out, Stderr: &out}
	code = c.Run(t.Context(), append([]string{"health"}, args...))
	return code, out.String()
}

func TestHealth(t *testing.T) {
	f := func(status int, body string, wantCode int, want string) {
		t.Helper()
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.URL.Path != "/rt/ready" {
				t.Errorf("asked for %s %s", r.Method, r.URL)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
		for _, s := range []*httptest.Server{httptest.NewServer(h), httptest.NewTLSServer(h)} {
			s.Config.ErrorLog = nil
			code, output := runHealth(t, nil, "--url", s.URL+"/rt/")
			if want := strings.ReplaceAll(want, "URL", s.URL+"/rt"); code != wantCode || output != want {
				t.Errorf("%d %q: exit code %d, %q, want %q", status, body, code, output, want)
			}
			s.Close()
		}
	}
	f(200, "ready\n", command.ExitOK, "ready\n")
	f(503, "draining\n", command.ExitFail, "fanfare: URL is not ready: 503 Service Unavailable: draining\n")
	f(302, "", command.ExitFail, "fanfare: URL is not ready: 302 Found: \n")
	f(404, "a\x1b[31mb\r\nc", command.ExitFail, "fanfare: URL is not ready: 404 Not Found: a\\u001b[31mb\\r\\nc\n")
}

// A container whose port speaks TLS is as healthy as others.
func TestHealthOfTLSAlone(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ready") }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"FANFARE_HOST=0.0.0.0", "FANFARE_PORT=" + port, "FANFARE_TLS_ENABLED=true", "FANFARE_TLS_PORT=" + port, "FANFARE_TLS_CERT=chain.pem"}
	if code, output := runHealth(t, env); code != command.ExitOK || output != "ready\n" {
		t.Errorf("exit code %d, %q", code, output)
	}
}

func TestHealthOfNobody(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	began := time.Now()
	if code, output := runHealth(t, nil, "--url", addr, "--timeout", "50ms"); code != command.ExitFail || !strings.Contains(output, "http://"+addr+" does not answer: ") {
		t.Errorf("exit code %d, %q", code, output)
	}
	if time.Since(began) > 10*time.Second {
		t.Error("it waited for longer than --timeout")
	}
	ln.Close()
	if code, output := runHealth(t, []string{"FANFARE_URL=" + addr}); code != command.ExitFail || !strings.Contains(output, "connection refused") {
		t.Errorf("exit code %d, %q", code, output)
	}
	if code, _ := runHealth(t, nil, "--timeout", "0s"); code != command.ExitUsage {
		t.Errorf("exit code %d for no time at all", code)
	}
}

// Where nothing is served in the clear, the server of the configuration is asked by TLS, whatever name its certificate bears. One
// that somebody names has to prove it.
func TestServerThatSpeaksTLSAlone(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			_ = ws.Close(4001, "no such app")
			return
		}
		fmt.Fprint(w, "{}")
	}))
	defer s.Close()
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	env := []string{"FANFARE_PORT=" + port, "FANFARE_TLS_PORT=" + port, "FANFARE_TLS_ENABLED=true", "FANFARE_TLS_CERT=x"}
	if code, output := runHealth(t, env); code != command.ExitOK {
		t.Errorf("health: exit code %d, %q", code, output)
	}
	if code, _, stderr := runCLI(t, env, "", "publish", "c", "e", "d"); code != command.ExitOK {
		t.Errorf("publish: exit code %d, %q", code, stderr)
	}
	if code, _, stderr := runCLI(t, env, "", "tail", "c"); code != command.ExitFail || !strings.Contains(stderr, "no such app") {
		t.Errorf("tail: exit code %d, %q", code, stderr)
	}
	for _, args := range [][]string{{"publish", "c", "e", "d"}, {"tail", "c"}} {
		code, _, stderr := runCLI(t, append(env, "FANFARE_URL="+s.URL), "", args...)
		if code != command.ExitFail || !strings.Contains(stderr, "certificate") {
			t.Errorf("%s of a named server: exit code %d, %q", args[0], code, stderr)
		}
	}
}

// A server that has its proxies begin with a PROXY header hears one when it asks itself.
func TestHealthBehindPROXY(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	heard := make(chan string, 1)
	answer := func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		b, _ := r.Peek(15)
		heard <- string(b)
		if bytes.HasPrefix(b, []byte("PROXY")) {
			_, _ = r.Discard(len(b))
		}
		if req, err := http.ReadRequest(r); err == nil { // an answer before it would be unsolicited
			_ = req.Body.Close()
		}
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready")
	}
	f := func(proxies, want string) {
		t.Helper()
		go answer()
		env := []string{"FANFARE_URL=" + ln.Addr().String(), "FANFARE_PROXY_PROTOCOL=true", "FANFARE_TRUSTED_PROXIES=" + proxies}
		if code, output := runHealth(t, env); code != command.ExitOK {
			t.Errorf("exit code %d, %q", code, output)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("the server heard %q, want %q", got, want)
			}
		case <-ctx.Done():
			t.Error("the server heard nothing")
		}
	}
	f("127.0.0.0/8", "PROXY UNKNOWN\r\n")
	f("10.0.0.0/8", "GET /ready HTTP")
}
