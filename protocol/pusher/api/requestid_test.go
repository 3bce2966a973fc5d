package api

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"fanfare/protocol/gate"
)

// logged has the world's log in a buffer, from a level on.
func logged(to *bytes.Buffer, level slog.Level) func(*setup) {
	return func(s *setup) {
		s.cfg.Log = slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level}))
	}
}

var ownID = regexp.MustCompile(`^[0-9a-f]{8}-0-[0-9a-z]+$`)

func TestEveryAnswerHasARequestID(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	f := func(a answer, status int) {
		t.Helper()
		ids := a.header.Values(requestIDName)
		if a.status != status || len(ids) != 1 || !ownID.MatchString(ids[0]) || seen[ids[0]] {
			t.Errorf("status %d, ids %q; want %d and one that is new", a.status, ids, status)
			return
		}
		seen[ids[0]] = true
	}
	f(w.post("events", body("x", "y", "c")), 200)
	f(w.post("events", body("x", "y", "c")), 200)
	f(w.get("channels"), 200)
	f(w.do(raw("OPTIONS", "/apps/3/events", "")), 204)
	f(w.do(raw("GET", "/apps/3/other", "")), 404)
	f(w.do(raw("GET", "/apps/3/channels", "")), 401)
	f(w.do(w.signed("POST", "/apps/5/events", "{}")), 404)
	f(w.do(w.signed("POST", "/apps/3/channels/c/events?name=x", "{}")), 202)
	w.full = true
	f(w.get("channels"), 503)
}

// A proxy's own id is taken, also for an answer that has to wait, and not from
// anybody else.
func TestOnlyTrustedProxiesGiveRequestIDs(t *testing.T) {
	var out bytes.Buffer
	w := newWorld(t, logged(&out, slog.LevelDebug), func(s *setup) {
		s.cfg.Gate = gate.New(gate.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	})
	ask := func(from, given string) string {
		t.Helper()
		w.peer = w.loop.DialFrom(netip.MustParseAddrPort(from))
		request := bytes.Replace(w.signed("GET", "/apps/3/channels", ""), []byte("\r\n\r\n"), []byte("\r\nx-request-id: "+given+"\r\n\r\n"), 1)
		return w.do(request).header.Get(requestIDName)
	}
	const proxy, stranger = "10.1.2.3:4567", "192.0.2.1:4567"
	for _, id := range []string{"a", "0af7651916cd43dd8448eb211c80319c", "A.b_c-9", strings.Repeat("x", maxRequestID)} {
		if got := ask(proxy, id); got != id {
			t.Errorf("a proxy's %q became %q", id, got)
		}
		if got := ask(stranger, id); !ownID.MatchString(got) {
			t.Errorf("a stranger's %q became %q", id, got)
		}
	}
	for _, id := range []string{"", "two words", "a,b", `"a"`, "a=b", "a\tb", "\u00e4", "a\x1bb", strings.Repeat("x", maxRequestID+1)} {
		if got := ask(proxy, id); !ownID.MatchString(got) && got != "" {
			t.Errorf("a proxy's %q became %q", id, got)
		}
	}
	w.full = true
	if got := ask(proxy, "of-the-proxy"); got != "of-the-proxy" || !strings.Contains(out.String(), "request_id=of-the-proxy") {
		t.Errorf("it became %q, and the log has %s", got, out.String())
	}
}

func TestTheLogHasTheIDOfWhatWasNotDone(t *testing.T) {
	var out bytes.Buffer
	var w *world
	f := func(a answer, parts ...string) {
		t.Helper()
		id := a.header.Get(requestIDName)
		line := out.String()
		out.Reset()
		for _, part := range append(parts, "request_id="+id+" ") {
			if strings.Count(line, "\n") != 1 || !strings.Contains(line, part) {
				t.Errorf("logged %q, want one line with %q", line, part)
			}
		}
		if strings.Contains(line, "auth_") && !strings.Contains(line, `detail="auth_`) || strings.Contains(line, "my-words") {
			t.Errorf("logged what was sent: %q", line)
		}
	}
	w = newWorld(t, logged(&out, slog.LevelDebug))
	f(w.do(raw("GET", "/apps/3/channels?auth_key="+testKey+"&auth_timestamp=1353088179&auth_version=1.0&auth_signature=my-words", "")),
		`level=DEBUG msg="request refused"`, "status=401 why=signature app_id=3", `detail="auth_signature is not what the secret gives"`)
	f(w.do(raw("GET", "/apps/3/channels?auth_key="+testKey+"&auth_timestamp=1353088179&auth_version=1.0", "")), `detail="auth_signature is missing"`)
	f(w.do(raw("GET", "/apps/3/channels?auth_key="+testKey+"&auth_timestamp=1&auth_version=1.0&auth_signature=my-words", "")), `detail="Timestamp expired: Given timestamp (1970`)
	f(w.do(bytes.Replace(w.signed("POST", "/apps/3/events", body("x", "y", "c")), []byte(`"y"`), []byte(`"z"`), 1)), `detail="body_md5 is not that of the body"`)
	f(w.post("events", `{"name":"my-words","data":7,"channel":["my-words"]}`), "status=400 why=malformed app_id=3\n")
	f(w.do(raw("GET", "/apps/my-other-words/channels", "")), "status=404 app_id=my-other-words\n")
	f(w.do(raw("GET", "/apps/3/my/words", "")), "status=404\n")
}

// What is our fault is told at the usual level, also of requests that waited.
func TestTheLogWarnsOfWhatFailed(t *testing.T) {
	var out bytes.Buffer
	check := func(a answer, part string) {
		t.Helper()
		line := out.String()
		out.Reset()
		if want := `level=WARN msg="request failed" request_id=` + a.header.Get(requestIDName) + ` status=503 `; !strings.Contains(line, want) || !strings.Contains(line, part) {
			t.Errorf("logged %q, want %q and %q", line, want, part)
		}
	}
	w := newWorld(t, logged(&out, slog.LevelInfo))
	w.do(raw("GET", "/apps/3/channels", ""))
	if out.Len() > 0 {
		t.Errorf("a refusal is logged at the usual level: %s", out.String())
	}
	w.full = true
	check(w.get("channels"), "app_id=3")
	w = newWorld(t, logged(&out, slog.LevelInfo), func(s *setup) {
		s.cfg.Apps = slowStore{Store: storeOf(t, s.app), err: errors.New("database is down")}
	})
	check(w.get("channels"), "app_id=3")
	w = newWorld(t, logged(&out, slog.LevelInfo), func(s *setup) {
		s.cfg.Terminate = func(_, _ string, done func(error)) { done(errors.New("no way")) }
	})
	check(w.post("users/7/terminate_connections", "{}"), "no way")
}

// A name costs nothing but its bytes.
func TestAllocRequestID(t *testing.T) {
	ids := newRequestIDs(newStartID(), 3)
	ids.write(ids.next())
	if n := testing.AllocsPerRun(1000, func() { ids.write(ids.next()) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
