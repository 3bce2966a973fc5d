package api

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/pusher/auth"
)

const h1Body = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`

// H1 and H2 as the documentation prints them.
func TestAPI01Vectors(t *testing.T) {
	w := newWorld(t)
	h := w.subscribe("project-3")
	const common = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0"
	w.is(w.do(raw("POST", "/apps/3/events?"+common+"&body_md5=ec365a775a4cd0599faeb73354201b6f"+
		"&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c", h1Body)), "{}")
	w.got(fmt.Sprintf(`project-3 foo {"some":"data"} [%d]`, h))
	const list = "/apps/3/channels?" + common + "&filter_by_prefix=presence-&info=user_count&auth_signature="
	w.is(w.do(raw("GET", list+"16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291", "")), `{"channels":{}}`)
	w.refuses(w.do(raw("GET", list+"16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010292", "")), 401, "Invalid signature")
	const end = "/apps/3/users/12345/terminate_connections?" + common +
		"&body_md5=99914b932bd37a50b983c5e7c90ae93b&auth_signature=01fa634edeb0cae84115307cad5c23f65a46cd286461b1c89637a3b5871a8f0e"
	w.is(w.do(raw("POST", end, "{}")), "{}")
}

func TestAPI02OrderOfParametersDoesNotMatter(t *testing.T) {
	w := newWorld(t)
	query := strings.Split(w.signer.SignRequest("GET", "/apps/3/channels", []auth.Param{{Key: "zebra", Value: "a b&c;ü"}}, nil, w.now), "&")
	for range query {
		query = append(query[1:], query[0])
		w.is(w.do(raw("GET", "/apps/3/channels?"+strings.Join(query, "&"), "")), `{"channels":{}}`)
	}
}

// API-03 to API-07, API-09: every way to be refused, in the verifier's words.
func TestAPI09UnauthorizedTexts(t *testing.T) {
	w := newWorld(t)
	good := map[string]string{"auth_key": testKey, "auth_timestamp": strconv.Itoa(testTime), "auth_version": "1.0", "body_md5": "99914b932bd37a50b983c5e7c90ae93b"}
	ask := func(body string, changes ...string) answer {
		t.Helper()
		params := []auth.Param{}
		for _, key := range []string{"auth_key", "auth_timestamp", "auth_version", "body_md5"} {
			value := good[key]
			for _, c := range changes {
				if k, v, _ := strings.Cut(c, "="); k == key {
					value = v
				}
			}
			if value != "" {
				params = append(params, auth.Param{Key: key, Value: value})
			}
		}
		query := ""
		for _, p := range params {
			query += p.Key + "=" + p.Value + "&"
		}
		return w.do(raw("POST", "/apps/3/events?"+query+"auth_signature="+w.signer.Hex([]byte(auth.StringToSign("POST", "/apps/3/events", params))), body))
	}
	f := func(name, part, body string, changes ...string) {
		t.Helper()
		if a := ask(body, changes...); a.status != 401 || !strings.Contains(a.body, part) {
			t.Errorf("%s: got %d %q, want 401 with %q", name, a.status, a.body, part)
		}
	}
	f("no key", "Missing parameter: auth_key", "{}", "auth_key=")
	f("unknown key", "Unknown auth_key", "{}", "auth_key=x")
	f("key of another app", "Unknown auth_key", "{}", "auth_key=other-key")
	f("no version", "Version required", "{}", "auth_version=")
	f("other version", "Version not supported", "{}", "auth_version=1.1")
	f("no timestamp", "Timestamp required", "{}", "auth_timestamp=")
	f("timestamp is no number", "Timestamp invalid", "{}", "auth_timestamp=1e9")
	f("600 s old", "Timestamp expired: Given timestamp (2012-11-16T17:39:39Z) not within 600s of server time (2012-11-16T17:49:39Z)", "{}", "auth_timestamp="+strconv.Itoa(testTime-600))
	f("600 s ahead", "Timestamp expired", "{}", "auth_timestamp="+strconv.Itoa(testTime+600))
	f("no body_md5", "Missing parameter: body_md5", "{}", "body_md5=")
	f("another body", "Invalid body_md5", `{"a":1}`)
	for _, off := range []int{-599, 599} { // API-03: past the signature, and then no event
		w.refuses(ask("{}", "auth_timestamp="+strconv.Itoa(testTime+off)), 400, "name is missing")
	}
	w.refuses(ask("", "body_md5="), 400, "body is empty") // API-07
	if got := w.tenants.Of(w.app).Totals().Requests; got != 3 {
		t.Errorf("%d requests counted, want 3", got)
	}
	for why, n := range w.tenants.Of(w.app).Refused() {
		if why == apps.RefusedSignature && n != 11 {
			t.Errorf("%d bad signatures counted, want 11", n)
		}
	}
}

func TestAPI09TextToSign(t *testing.T) {
	w := newWorld(t)
	a := w.do(w.signedBy(auth.NewSigner(testKey, "wrong"), "GET", "/apps/3/channels?info=", ""))
	w.refuses(a, 401, `Invalid signature: you should have sent HmacSHA256Hex("GET\n/apps/3/channels\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&info=", your_secret_key), but you sent "`)
	if strings.Contains(a.body, testSecret) {
		t.Error("the secret is given away")
	}
}

// API-08: libraries sign the path as they build it, with a prefix or without,
// and escaped or not.
func TestAPI08Paths(t *testing.T) {
	f := func(prefix, target, signed string, status int) {
		t.Helper()
		w := newWorld(t, func(s *setup) { s.prefix = prefix })
		if a := w.do(raw("GET", target+"?"+w.signer.SignRequest("GET", signed, nil, nil, w.now), "")); a.status != status {
			t.Errorf("%s signed as %s: got %d %s", target, signed, a.status, a.body)
		}
	}
	f("", "/apps/3/channels", "/apps/3/channels", 200)
	f("", "http://example.com/apps/3/channels", "/apps/3/channels", 200)
	f("/ws", "/ws/apps/3/channels", "/apps/3/channels", 200)
	f("/ws", "/ws/apps/3/channels", "/ws/apps/3/channels", 200)
	f("/ws", "http://example.com/ws/apps/3/channels", "/ws/apps/3/channels", 200)
	f("/ws", "/ws/apps/3/channels", "/x/apps/3/channels", 401)
	f("", "/apps/3/channels/a%3Db%2C%3B%40", "/apps/3/channels/a=b,;@", 200)
	f("", "/apps/3/channels/a%3Db%2C%3B%40", "/apps/3/channels/a%3Db%2C%3B%40", 200)
	f("", "/apps/%33/channels", "/apps/3/channels", 200)
}

func TestUnknownApp(t *testing.T) {
	w := newWorld(t)
	w.refuses(w.do(w.signed("GET", "/apps/5/channels", "")), 404, `app id "5" is not known here: check the id and the host`)
	w.refuses(w.do(w.signed("GET", "/apps/"+strings.Repeat("x", 500)+"/channels", "")), 404, `xxx..." is not known`)
	if _, met := w.tenants.Find("5"); met {
		t.Error("a stranger's app id is kept")
	}
}

// A stranger does not learn that the app is disabled.
func TestAPI40Disabled(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.app.Enabled = false })
	w.refuses(w.post("events", h1Body), 403, "app is disabled")
	w.refuses(w.get("channels"), 403, "app is disabled")
	w.refuses(w.do(raw("GET", "/apps/3/channels", "")), 401, "Missing parameter: auth_key")
}

func TestUnreadableQuery(t *testing.T) {
	w := newWorld(t)
	w.refuses(w.do(raw("GET", "/apps/3/channels?auth_key=%zz", "")), 400, `query cannot be decoded: invalid URL escape "%zz"`)
	w.refuses(w.do(raw("GET", "/apps/3/channels?"+strings.Repeat("a&", auth.MaxParams+1), "")), 400, "more than 256 parameters")
}

// Only who has signed makes the server hold a large body.
func TestBodyLimit(t *testing.T) {
	f := func(name string, request func(w *world, body string) []byte, size, status int) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			w := newWorld(t, func(s *setup) { s.app.Limits = apps.GenerousLimits() })
			b := `{"name":"x","channel":"c","data":"x"}` + strings.Repeat(" ", size)
			w.peer.Write(request(w, b[:size]))
			got := string(w.peer.Received())
			if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", status)) {
				t.Errorf("got %.300q, want %d", got, status)
			}
		})
	}
	signed := func(w *world, body string) []byte { return w.signed("POST", "/apps/3/events", body) }
	unsigned := func(_ *world, body string) []byte { return raw("POST", "/apps/3/events", body) }
	chunked := func(make func(*world, string) []byte) func(*world, string) []byte {
		return func(w *world, body string) []byte {
			head, _, _ := strings.Cut(string(make(w, body)), "Content-Length")
			return fmt.Appendf(nil, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, len(body), body)
		}
	}
	const large = 64<<10 + 1
	f("signed, to the app's limit", signed, 4<<20, 200)
	f("signed, over it", signed, 4<<20+1, 413)
	f("signed and chunked", chunked(signed), 4<<20, 200)
	f("unsigned and small", unsigned, large-1, 401)
	f("unsigned and large", unsigned, large, 413)
	f("unsigned and chunked", chunked(unsigned), large, 413)
	f("unknown app", func(w *world, body string) []byte { return w.signed("POST", "/apps/5/events", body) }, large, 413)
	f("no publish", func(w *world, body string) []byte { return w.signed("GET", "/apps/3/channels", body) }, large, 413)
	f("wrong path", func(w *world, body string) []byte { return w.signed("POST", "/apps/3/event", body) }, large, 413)

	// An app that has yet to be looked up may bring what apps usually may.
	w := newWorld(t, func(s *setup) { s.cfg.Apps = slowStore{Store: storeOf(t, s.app)} })
	padded := body("x", "y", "c") + strings.Repeat(" ", 1<<20)
	w.is(w.post("events", padded[:1<<20]), "{}")
	w.refuses(w.post("events", padded), 413, "request body has 1048616 bytes: at most 1048576 are allowed")

	w = newWorld(t, func(s *setup) { s.app.Limits.RequestSize, s.app.Limits.EventData = 1<<10, 1<<10 })
	w.refuses(w.post("events", body("x", strings.Repeat("x", 1<<10), "c")), 413, "request body has 1063 bytes: at most 1024 are allowed")
}

func TestSurplusConnection(t *testing.T) {
	w := newWorld(t)
	c := w.loop.Open(engine.Newcomer{Socket: w.peer, Surplus: true})
	w.loop.Ingest(c, w.signed("GET", "/apps/3/channels", ""))
	w.loop.Settle()
	a := w.answers("GET")[0]
	w.refuses(a, 503, "as many connections as it can hold")
	if a.header.Get("Retry-After") == "" || !w.peer.HalfClosed() {
		t.Errorf("headers %v, closed %v", a.header, w.peer.HalfClosed())
	}
}

func TestLookup(t *testing.T) {
	store := func(err error) func(*setup) {
		return func(s *setup) { s.cfg.Apps = slowStore{storeOf(t, s.app), err} }
	}
	w := newWorld(t, store(nil))
	h := w.subscribe("project-3")
	w.is(w.post("events", h1Body), "{}")
	w.got(fmt.Sprintf(`project-3 foo {"some":"data"} [%d]`, h))
	w.is(w.get("channels"), `{"channels":{"project-3":{}}}`)
	w.refuses(w.do(w.signed("GET", "/apps/5/channels", "")), 404, `app id "5"`)
	if n := w.server.Stats().Lookups; n != 0 {
		t.Errorf("%d look-ups left", n)
	}

	borrowed := w.signed("POST", "/apps/3/events", h1Body) // its bytes are used again
	w.loop.Ingest(w.peer.Conn(), borrowed)
	clear(borrowed)
	w.work()
	w.is(w.answers("POST")[0], "{}")
	w.got(fmt.Sprintf(`project-3 foo {"some":"data"} [%d]`, h))

	w = newWorld(t, store(fmt.Errorf("database is down")))
	a := w.get("channels")
	w.refuses(a, 503, "settings could not be read")
	if a.header.Get("Retry-After") != "1" || w.server.Stats().LookupErrors != 1 {
		t.Errorf("%v %+v", a.header, w.server.Stats())
	}
	w.full = true
	w.refuses(w.get("channels"), 503, "too many requests wait")
}

// What waits for the store is bounded, in number and size.
func TestLookupBound(t *testing.T) {
	w := newWorld(t, func(s *setup) {
		s.cfg.Apps, s.cfg.Lookups = slowStore{Store: storeOf(t, s.app)}, protocol.LookupLimits{Max: 2, MaxBytes: 4000}
	})
	ask := func(body string) answer {
		p := w.peer
		defer func() { w.peer = p }()
		w.peer = w.loop.Dial()
		w.peer.Write(w.signed("POST", "/apps/3/events", body))
		if all := w.answers("POST"); len(all) > 0 {
			return all[0]
		}
		return answer{}
	}
	w.refuses(ask(strings.Repeat(" ", 4000)), 503, "too many requests wait")
	for range 2 {
		if a := ask("{}"); a.status != 0 {
			t.Fatalf("answered %+v", a)
		}
	}
	w.refuses(ask("{}"), 503, "too many requests wait")
	w.work()
	if a := ask("{}"); a.status != 0 {
		t.Errorf("answered %+v", a)
	}
}

// The client may be gone when the store answers.
func TestLookupForNobody(t *testing.T) {
	w := newWorld(t, func(s *setup) {
		s.cfg.Apps, s.engine = slowStore{Store: storeOf(t, s.app)}, engine.Config{AnswerTimeout: time.Second}
	})
	w.subscribe("project-3")
	w.peer.Write(w.signed("POST", "/apps/3/events", h1Body))
	w.peer.Hangup()
	w.work()
	w.got()

	w.peer = w.loop.Dial() // here, but no longer waiting
	w.peer.Write(w.signed("POST", "/apps/3/events", h1Body))
	w.loop.Advance(3 * time.Second)
	if got := string(w.peer.Received()); !strings.HasPrefix(got, "HTTP/1.1 503 ") {
		t.Errorf("got %q", got)
	}
	w.work()
	w.got()
	if got := w.peer.Received(); len(got) != 0 {
		t.Errorf("answered twice: %q", got)
	}
}
