package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// publishing is a small publish that only its signature can make wrong. The
// query may hold auth_* parameters that replace the right ones.
func (t *T) publishing(app wire.App, query ...wire.Param) wire.Request {
	return wire.Request{
		Method: http.MethodPost, Path: "/apps/" + app.ID + "/events",
		Body: encode(eventBody("event", "{}", t.name("public-"))), Query: query,
	}
}

// unauthorized proves that a request is refused with 401 and a plain text.
func (t *T) unauthorized(resp wire.Response) string {
	t.refuses(resp, http.StatusUnauthorized)
	return resp.Body
}

func api02(t *T) {
	app := t.apps[mainApp]
	signed := app.Authenticate(t.publishing(app, wire.Param{Name: "zebra", Value: "a b&c=d;e,ü"}), time.Now())
	for range len(signed.Query) {
		signed.Query = append(signed.Query[1:], signed.Query[0])
		t.status(t.do(signed), http.StatusOK)
	}
	slices.Reverse(signed.Query)
	t.status(t.do(signed), http.StatusOK)
	signed.Query[0].Value += "x"
	t.unauthorized(t.do(signed)) // each value counts
	if t.own() {
		t.escapedPath() // nor does it matter how the path is written
	}
}

func api03(t *T) {
	for offset, want := range map[int64]int{-600: 401, 600: 401, -599: 200, 599: 200, 86400: 401, -86400: 401} {
		if resp := t.stamped(offset); resp.Status != want {
			t.fatalf("a timestamp %d s off got status %d with body %q, want %d", offset, resp.Status, resp.Body, want)
		}
	}
	app := t.apps[mainApp]
	for _, stamp := range []string{"-", "", "abc", "1e9", strconv.FormatInt(time.Now().UnixMilli(), 10)} {
		t.unauthorized(t.signed(app, t.publishing(app, wire.Param{Name: "auth_timestamp", Value: stamp})))
	}
}

// stamped publishes with a timestamp that is off by so many seconds. The edge is
// sharp, so an answer that took the clock into the next second is asked for
// again.
func (t *T) stamped(offset int64) wire.Response {
	app := t.apps[mainApp]
	for {
		now := time.Now()
		stamp := strconv.FormatInt(now.Unix()+offset, 10)
		resp := t.signed(app, t.publishing(app, wire.Param{Name: "auth_timestamp", Value: stamp}))
		if time.Now().Unix() == now.Unix() {
			return resp
		}
	}
}

func api04(t *T) {
	app := t.apps[mainApp]
	for _, version := range []string{"-", "", "1.1", "2.0", "1", "1.00", "x"} {
		t.unauthorized(t.signed(app, t.publishing(app, wire.Param{Name: "auth_version", Value: version})))
	}
	t.status(t.signed(app, t.publishing(app)), http.StatusOK)
}

func api05(t *T) {
	app, other := t.apps[mainApp], t.apps[otherApp]
	for _, key := range []string{"-", "", "no-such-key", strings.ToUpper(app.Key), other.Key} {
		t.unauthorized(t.signed(app, t.publishing(app, wire.Param{Name: "auth_key", Value: key})))
	}
	stranger := wire.App{ID: app.ID, Key: other.Key, Secret: other.Secret}
	t.unauthorized(t.signed(stranger, t.publishing(stranger))) // signed well, for another app
}

func api06(t *T) {
	app := t.apps[mainApp]
	signed := app.Authenticate(t.publishing(app), time.Now())
	signed.Body = strings.Replace(signed.Body, "event", "evENt", 1)
	t.unauthorized(t.do(signed))
	for _, sum := range []string{"-", "", strings.Repeat("0", 32)} { // signed, but not the body's
		t.unauthorized(t.signed(app, t.publishing(app, wire.Param{Name: "body_md5", Value: sum})))
	}
}

func api07(t *T) {
	app := t.apps[mainApp]
	empty := wire.Request{Method: http.MethodPost, Path: "/apps/" + app.ID + "/events"}
	resp := t.signed(app, empty) // past the signature, and then there is no event in it
	if resp.Status == http.StatusUnauthorized {
		t.fatalf("an empty body without body_md5 got status 401 with body %q", resp.Body)
	}
	if t.own() {
		t.refuses(resp, http.StatusBadRequest)
	}
	empty.Query = []wire.Param{{Name: "auth_signature", Value: wrongSignature}}
	t.unauthorized(t.signed(app, empty))
}

func api08(t *T) {
	app := t.apps[mainApp]
	r := t.publishing(app)
	r.Signed, r.Path = r.Path, "/prefix"+r.Path
	t.status(t.at(t.strippingProxy("/prefix")).signed(app, r), http.StatusOK)
	if !t.own() {
		t.note("only a prefix that a proxy strips was checked: a configured one needs a server of the suite's own")
		return
	}
	there := t.at(t.server(`path_prefix = "/prefix"`).addr)
	t.status(there.signed(app, r), http.StatusOK)
	there.dial(app, "/prefix/app/"+app.Key+query).hello()
}

// strippingProxy is a reverse proxy in front of the target that takes prefix
// off the path. It returns its address.
func (t *T) strippingProxy(prefix string) string {
	backend := &url.URL{Scheme: "http", Host: t.addr}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(backend) }}
	return t.serve(http.StripPrefix(prefix, proxy))
}

// serve serves handler on a free loopback port until the check ends.
func (t *T) serve(handler http.Handler) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	t.check(err, "listen")
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: t.limit}
	go func() { _ = srv.Serve(listener) }() // ends with Close
	t.closeLater(func() { _ = srv.Close() })
	return listener.Addr().String()
}

// escapedPath proves that a path may be signed as libraries build it,
// unescaped, or as it travels.
func (t *T) escapedPath() {
	app := t.apps[mainApp]
	plain, escaped := "/apps/"+app.ID+"/channels/a=b,c;d@e", "/apps/"+app.ID+"/channels/a%3Db%2Cc%3Bd%40e"
	for _, r := range []wire.Request{{Path: plain}, {Path: escaped, Signed: plain}, {Path: escaped}} {
		r.Method = http.MethodGet
		t.status(t.signed(app, r), http.StatusOK)
	}
}

func api09(t *T) {
	app := t.apps[mainApp]
	r := t.publishing(app, wire.Param{Name: "auth_signature", Value: wrongSignature})
	signed := app.Authenticate(r, time.Now())
	resp := t.do(signed)
	body := t.unauthorized(resp)
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
		t.fatalf("the body of 401 has Content-Type %q, want text/plain", kind)
	}
	text := signed.TextToSign()
	if !strings.Contains(body, text) && !strings.Contains(body, strings.ReplaceAll(text, "\n", `\n`)) {
		t.fatalf("the body of 401 is %q, which does not name the text to sign, %q", body, text)
	}
	if t.own() && !strings.Contains(body, wrongSignature) {
		t.fatalf("the body of 401 is %q, which does not name the signature that was sent", body)
	}
	if right := app.Sign(text); strings.Contains(body, right) || strings.Contains(body, app.Secret) {
		t.fatalf("the body of 401 gives the right signature or the secret away: %q", body)
	}
}

func api40(t *T) {
	app := t.apps[disabledApp]
	t.refuses(t.signed(app, t.publishing(app)), http.StatusForbidden)
	t.refuses(t.get(app, "/channels"), http.StatusForbidden)
}

func api43(t *T) {
	app := t.apps[mainApp]
	c := t.connect(mainApp)
	channel := t.name("public-")
	c.subscribe(channel)
	conn, err := wire.DialHTTP(t.ctx, t.addr)
	t.check(err, "connect")
	t.closeLater(func() { _ = conn.Close() })
	request := func(name string) wire.Request {
		body := encode(eventBody(name, "{}", channel))
		return app.Authenticate(wire.Request{Method: http.MethodPost, Path: "/apps/" + app.ID + "/events", Body: body}, time.Now())
	}
	var requests []wire.Request
	for i := range 8 {
		requests = append(requests, request(fmt.Sprintf("event-%d", i)))
	}
	for _, r := range requests[:4] { // one after the other
		resp, err := conn.Do(r)
		t.check(err, "ask again on one connection")
		t.status(resp, http.StatusOK)
	}
	t.check(conn.Send(requests[4:]...), "send four requests at once")
	for range 4 {
		resp, err := conn.Receive()
		t.check(err, "read the answer to a pipelined request")
		t.status(resp, http.StatusOK)
	}
	for i := range requests {
		c.expect(fmt.Sprintf("event-%d", i), channel)
	}
}
