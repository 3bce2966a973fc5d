package private

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanfare/cmd/fanfare/flight"
)

// port is a private port on a free port of 127.0.0.1, and a recorder that says
// what it is told to.
type port struct {
	*testing.T
	*Server
	flight *flight.Recorder
	client *http.Client
}

func serve(t *testing.T, cfg Config, f flight.Config) *port {
	t.Helper()
	if f.Stalled == nil {
		f.Stalled = func() (int, time.Duration) { return 0, 0 }
	}
	f.Log, cfg.Log = slog.New(slog.DiscardHandler), slog.New(slog.DiscardHandler)
	r, err := flight.Start(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	cfg.Flight, cfg.Host = r, "metrics.example"
	cfg.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "fanfare_up 1") })
	cfg.About = func() About {
		return About{Version: "v1<2", Commit: "c0ffee", Phase: "ready", Since: time.Now().Add(-time.Hour), Connections: 7}
	}
	s, err := Start(t.Context(), cfg, []string{"127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	p := &port{T: t, Server: s, flight: r, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// get asks for a path. Headers come as name and value; Host is the request's.
func (p *port) get(path string, headers ...string) answer {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), http.MethodGet, "http://"+p.Addrs()[0]+path, http.NoBody)
	if err != nil {
		p.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

type answer struct {
	status int
	header http.Header
	body   string
}

// want asks for a path, and checks the status and a piece of the answer.
func (p *port) want(status int, piece, path string, headers ...string) {
	p.Helper()
	a := p.get(path, headers...)
	if a.status != status || !strings.Contains(a.body, piece) {
		p.Errorf("GET %s %q: %d %.300q, want %d and %q", path, headers, a.status, a.body, status, piece)
	}
}

func TestIndexLeadsToEverythingThatIsThere(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{Trace: true})
	home := p.get("/")
	page := home.body
	for _, want := range []string{"ready, with 7 connections, for 1h0m0s", "version v1&lt;2, commit c0ffee", "none since the start"} {
		if !strings.Contains(page, want) {
			t.Errorf("the index lacks %q:\n%s", want, page)
		}
	}
	for name, want := range map[string]string{"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if got := home.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	links := 0
	for rest := page; ; links++ {
		_, after, more := strings.Cut(rest, `<a href="`)
		if !more {
			break
		}
		path, after, _ := strings.Cut(after, `"`)
		rest = after
		if a := p.get("/" + path + short(path)); a.status != http.StatusOK || a.body == "" {
			t.Errorf("GET /%s: %d, %d bytes", path, a.status, len(a.body))
		}
	}
	if links != 2+len(kinds) {
		t.Errorf("the index has %d links, want metrics, the trace of now and %d profiles", links, len(kinds))
	}
}

// short bounds a profile that takes time.
func short(path string) string {
	for _, k := range kinds {
		if k.usual > 0 && strings.HasSuffix(path, "/"+k.name) {
			return "?seconds=1"
		}
	}
	return ""
}

func TestOtherPathsAndMethods(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{})
	p.want(404, "", "/other")
	p.want(404, "", "/debug/pprof/cmdline")
	p.want(404, "", "/debug/vars")
	res, err := p.client.Post("http://"+p.Addrs()[0]+"/metrics", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /metrics: %d, want 405", res.StatusCode)
	}
}

// Package net/http answers OPTIONS * by itself where it is not told otherwise.
func TestTokenIsAskedOfEveryMethod(t *testing.T) {
	p := serve(t, Config{Profiles: true, Token: "a-token-of-some-length"}, flight.Config{})
	for _, line := range []string{"OPTIONS * HTTP/1.1", "HEAD /metrics HTTP/1.1", "TRACE / HTTP/1.1", "GET http://127.0.0.1/metrics HTTP/1.1", "GET //debug/pprof/heap HTTP/1.1", "GET /metrics HTTP/1.0"} {
		if status := p.raw(line + "\r\nHost: localhost\r\nConnection: close\r\n\r\n"); status != http.StatusUnauthorized {
			t.Errorf("%s without the token: %d, want 401", line, status)
		}
	}
}

// raw sends a request as it is and gives the status of the answer.
func (p *port) raw(request string) int {
	p.Helper()
	c, err := net.Dial("tcp", p.Addrs()[0])
	if err != nil {
		p.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, request)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestTokenIsAskedOfEverybody(t *testing.T) {
	const token = "a-token-of-some-length"
	p := serve(t, Config{Profiles: true, Token: token}, flight.Config{})
	for _, path := range []string{"/", "/metrics", "/debug/pprof/heap", "/debug/stalls/", "/other"} {
		p.want(401, "metrics.token", path)
		p.want(401, "metrics.token", path, "Authorization", "Bearer "+token+"x")
		p.want(401, "metrics.token", path, "Authorization", "Bearer ")
		p.want(401, "metrics.token", path, "Authorization", token)
		p.want(401, "metrics.token", path, "Authorization", "Digest "+token)
	}
	p.want(200, "fanfare_up", "/metrics", "Authorization", "Bearer "+token)
	p.want(200, "fanfare_up", "/metrics", "Authorization", "bearer "+token, "Host", "any.example")
	p.want(200, "fanfare_up", "/metrics", "Authorization", basic("prometheus", token))
	p.want(200, "", "/debug/pprof/heap", "Authorization", basic("", token))
	p.want(401, "", "/metrics", "Authorization", basic(token, ""))
	if got := p.get("/metrics").header.Values("WWW-Authenticate"); len(got) != 2 || !strings.HasPrefix(got[0], "Bearer") || !strings.HasPrefix(got[1], "Basic") {
		t.Errorf("WWW-Authenticate: %q, want both schemes", got)
	}
}

func basic(name, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(name, password)
	return r.Header.Get("Authorization")
}

func TestNamesOfOthersAreRefusedHere(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{})
	for _, host := range []string{"localhost", "LOCALHOST:9601", "127.0.0.1:9601", "[::1]:9601", "::1", "192.0.2.1", "metrics.example:80", "localhost."} {
		p.want(200, "fanfare_up", "/metrics", "Host", host)
	}
	for _, host := range []string{"evil.example", "evil.example:9601", "localhost.evil.example", "127.0.0.1.evil.example", "metrics.example.org"} {
		p.want(421, "metrics.token", "/metrics", "Host", host)
		p.want(421, "metrics.token", "/debug/pprof/heap", "Host", host)
		for _, name := range proxyHeaders { // which a page may set, too
			p.want(421, "metrics.token", "/metrics", "Host", host, name, "192.0.2.1")
			p.want(421, "metrics.token", "/", "Host", host, name, "192.0.2.1")
		}
	}
}

func TestProfilesAreForThisMachine(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{})
	for _, name := range []string{"X-Forwarded-For", "x-real-ip", "Forwarded", "Via"} {
		for _, path := range []string{"/debug/pprof/heap", "/debug/stalls/", "/debug/trace/flight"} {
			p.want(403, "metrics.token", path, name, "192.0.2.1")
		}
		p.want(200, "fanfare_up", "/metrics", name, "192.0.2.1")
	}
	g := newGuard(&Config{}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	f := func(local, remote string, here bool) {
		t.Helper()
		for path, want := range map[string]bool{"/metrics": true, "/": true, "/debug/pprof/heap": here, "/debug/stalls/": here} {
			r := httptest.NewRequestWithContext(withLocal(t, local), http.MethodGet, path, http.NoBody)
			r.Host, r.RemoteAddr = local, remote
			answer := httptest.NewRecorder()
			if g.ServeHTTP(answer, r); (answer.Code == http.StatusOK) != want {
				t.Errorf("%s to %s asks for %s: %d %s", remote, local, path, answer.Code, answer.Body)
			}
		}
	}
	f("127.0.0.1:9601", "127.0.0.1:50000", true)
	f("[::1]:9601", "[::1]:50000", true)
	f("[::ffff:127.0.0.1]:9601", "[::ffff:127.0.0.1]:50000", true)
	f("192.0.2.1:9601", "192.0.2.1:50000", false)
	f("192.0.2.1:9601", "127.0.0.1:50000", false)
	f("127.0.0.1:9601", "192.0.2.1:50000", false)
	f("127.0.0.1:9601", "nonsense", false)
}

func TestPagesOfOthersMayNotAsk(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{})
	p.want(403, "other sites", "/debug/pprof/heap", "Sec-Fetch-Site", "cross-site")
	p.want(403, "other sites", "/debug/pprof/heap", "Sec-Fetch-Site", "same-site")
	p.want(403, "other sites", "/debug/pprof/heap", "Origin", "https://evil.example")
	p.want(403, "other sites", "/debug/pprof/heap", "Origin", "null")
	p.want(200, "", "/debug/pprof/heap", "Sec-Fetch-Site", "same-origin", "Origin", "http://"+p.Addrs()[0])
	p.want(200, "", "/debug/pprof/heap", "Sec-Fetch-Site", "none")
	if got := p.get("/metrics", "Origin", "https://evil.example").header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("Access-Control-Allow-Origin: %q", got)
	}
}

func TestProfilesCanBeOff(t *testing.T) {
	p := serve(t, Config{}, flight.Config{})
	p.want(404, "metrics.profiles", "/debug/pprof/heap")
	p.want(404, "metrics.profiles", "/debug/pprof/profile?seconds=1")
	p.want(200, "switched off", "/")
}

func TestProfilesAreBounded(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{})
	for _, text := range []string{"61", "-1", "1.5", "x", "99999999999999999999"} {
		p.want(400, "from 0 to 60", "/debug/pprof/profile?seconds="+text)
		p.want(400, "from 0 to 60", "/debug/pprof/heap?seconds="+text)
	}
}

// One profile that takes time is made at a time; who does not wait for its end
// ends it.
func TestOneProfileAtATime(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{})
	conn, err := net.Dial("tcp", p.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /debug/pprof/profile?seconds=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	p.untilSays("/debug/pprof/goroutine?debug=1", "(*profiles).cpu") // else who comes next may be the first
	p.want(409, "one is at a time", "/debug/pprof/trace?seconds=1")
	p.want(409, "one is at a time", "/debug/pprof/mutex")
	p.want(200, "goroutine", "/debug/pprof/goroutine?debug=1")
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	p.until("/debug/pprof/trace?seconds=1", http.StatusOK)
}

// until asks for a path until the answer has a status.
func (p *port) until(path string, status int) {
	p.Helper()
	p.untilIs(path, strconv.Itoa(status), func(a answer) bool { return a.status == status })
}

// untilSays asks for a path until the answer has a piece in it.
func (p *port) untilSays(path, piece string) {
	p.Helper()
	p.untilIs(path, piece, func(a answer) bool { return strings.Contains(a.body, piece) })
}

func (p *port) untilIs(path, what string, is func(answer) bool) {
	p.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if is(p.get(path)) {
			return
		}
	}
	p.Fatalf("GET %s never gives %s", path, what)
}

func TestWaitingIsSampledWhileAskedFor(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{})
	a := p.get("/debug/pprof/block?seconds=1")
	if a.status != http.StatusOK || !strings.HasPrefix(a.body, "\x1f\x8b") {
		t.Fatalf("GET block: %d, %.20q; want a profile", a.status, a.body)
	}
}

func TestStallsAreShown(t *testing.T) {
	p := serve(t, Config{Profiles: true}, flight.Config{
		Trace: true, After: time.Millisecond, Stalled: func() (int, time.Duration) { return 5, 1500 * time.Millisecond },
	})
	p.until("/debug/stalls/1/goroutines", http.StatusOK)
	p.want(200, "loop 5 had stood still for 1.5s\n  /debug/stalls/1/goroutines", "/debug/stalls/")
	p.want(200, "goroutine ", "/debug/stalls/1/goroutines")
	p.want(200, "loop 5 at ", "/")
	for _, path := range []string{"/debug/stalls/1/trace", "/debug/trace/flight"} {
		a := p.get(path)
		if !strings.HasPrefix(a.body, "go 1.") || !strings.Contains(a.body[:min(16, len(a.body))], "trace") {
			t.Errorf("GET %s: %d %.20q, want a trace", path, a.status, a.body)
		}
	}
	p.want(404, "/debug/stalls/ has those", "/debug/stalls/2/trace")
	p.want(404, "/debug/stalls/ has those", "/debug/stalls/x/goroutines")
}

func TestWithoutATrace(t *testing.T) {
	p := serve(t, Config{}, flight.Config{After: time.Millisecond, Stalled: func() (int, time.Duration) { return 0, time.Second }})
	p.until("/debug/stalls/1/goroutines", http.StatusOK)
	p.want(404, "metrics.flight_recorder", "/debug/stalls/1/trace")
	p.want(404, "metrics.flight_recorder", "/debug/trace/flight")
}

func TestConnectionsAreBounded(t *testing.T) {
	p := serve(t, Config{}, flight.Config{})
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	for range maxConnections {
		c, err := net.Dial("tcp", p.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	more, err := net.Dial("tcp", p.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer more.Close()
	if n, err := more.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("one more connection is open: %d, %v", n, err)
	}
	if err := held[0].Close(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; {
		res, err := p.client.Get("http://" + p.Addrs()[0] + "/metrics")
		if err == nil {
			_ = res.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal("the place of a connection that has ended is never free:", err)
		}
	}
}

// 0.0.0.0 is every IPv4 address, as it is for server.host, and no IPv6 address.
func TestEveryIPv4AddressIsNoIPv6Address(t *testing.T) {
	s, err := Start(t.Context(), Config{Log: slog.New(slog.DiscardHandler), Metrics: http.NotFoundHandler()}, []string{"0.0.0.0:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.Addrs()[0]; !strings.HasPrefix(got, "0.0.0.0:") {
		t.Errorf("it listens on %s", got)
	}
}

func TestOccupiedAddress(t *testing.T) {
	p := serve(t, Config{}, flight.Config{})
	_, err := Start(t.Context(), Config{Log: slog.New(slog.DiscardHandler), Metrics: http.NotFoundHandler()}, []string{"127.0.0.1:0", p.Addrs()[0]})
	if err == nil || !strings.Contains(err.Error(), p.Addrs()[0]) || !strings.Contains(err.Error(), "metrics.port") {
		t.Errorf("the same address again: %v, want an error that names it and the key", err)
	}
}

func TestTraceEndsWhenItIsLarge(t *testing.T) {
	full := 0
	c := &capped{full: func() { full++ }}
	piece := bytes.Repeat([]byte{'x'}, maxTrace/4)
	for range 4 {
		if _, err := c.Write(piece); err != nil || full != 0 {
			t.Fatalf("%d bytes: %v, full %d times", c.Len(), err, full)
		}
	}
	if _, err := c.Write(piece); err != nil || full == 0 {
		t.Errorf("%d bytes: %v, full %d times", c.Len(), err, full)
	}
	for range 8 {
		_, _ = c.Write(piece)
	}
	if c.Len() > 2*maxTrace+len(piece) {
		t.Errorf("holds %d bytes", c.Len())
	}
}

func withLocal(t *testing.T, addr string) context.Context {
	t.Helper()
	local, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(local))
}
