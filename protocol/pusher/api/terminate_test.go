package api

import (
	"errors"
	"strings"
	"testing"

	"fanfare/channels/apps"
)

// API-34 and API-36: whose connections are ended, and that nobody is there is no
// error.
func TestAPI34Terminate(t *testing.T) {
	w := newWorld(t)
	f := func(path, body, user string) {
		t.Helper()
		w.ended = nil
		w.is(w.post("users/"+path+"/terminate_connections", body), "{}")
		if len(w.ended) != 1 || w.ended[0].app != "3" || w.ended[0].user != user {
			t.Errorf("%s: ended %+v, want those of %s", path, w.ended, user)
		}
	}
	f("7", "{}", "7")
	f("7", "", "7")
	f("7", ` {"unknown":[1]} `, "7")
	f("a=b,c;d@e", "{}", "a=b,c;d@e")
	f("a%3Db%2Cc%3Bd%40e", "{}", "a=b,c;d@e")
	f(strings.Repeat("x", 200-len("#server-to-user-")), "", strings.Repeat("x", 200-len("#server-to-user-")))
	if got := w.tenants.Of(w.app).Totals(); got.Publishes != 0 || got.Requests != 6 {
		t.Errorf("counted %+v", got)
	}
	kept := w.ended[0].user
	f("yyyyyyyyyyyyyyyyyyyyyy", "", "yyyyyyyyyyyyyyyyyyyyyy")
	if strings.Trim(kept, "x") != "" {
		t.Errorf("the user id was only lent: %q", kept)
	}
}

func TestAPI34Refusals(t *testing.T) {
	w := newWorld(t)
	f := func(path, body string, status int, part string) {
		t.Helper()
		w.refuses(w.post("users/"+path+"/terminate_connections", body), status, part)
		if len(w.ended) != 0 {
			t.Errorf("%s: ended %+v", path, w.ended)
		}
	}
	f("a%20b", "{}", 400, `invalid user id "a b": ' ' is not allowed`)
	f("a%2Fb", "{}", 400, `invalid user id "a/b"`)
	f("a:b", "{}", 400, `invalid user id "a:b"`)
	f("%2537", "{}", 400, `invalid user id "%37"`) // decoded once
	f(strings.Repeat("x", 201-len("#server-to-user-")), "", 400, "more than 184 characters")
	f("7", "x", 400, "body is not JSON")
	f("7", "[]", 400, "body is the array []: send a JSON object")
	w.refuses(w.do(w.signed("POST", "/apps/3/users//terminate_connections", "")), 404, "users/ID/terminate_connections")
}

// The answer waits until it is done, and says so if it is not.
func TestAPI34Later(t *testing.T) {
	f := func(err error, status int, body string) {
		t.Helper()
		var done func(error)
		w := newWorld(t, func(s *setup) {
			s.cfg.Terminate = func(_, _ string, f func(error)) { done = f }
		})
		w.peer.Write(w.signed("POST", "/apps/3/users/7/terminate_connections", "{}"))
		if got := w.peer.Received(); len(got) != 0 {
			t.Fatalf("answered before it is done: %q", got)
		}
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			done(err)
		}()
		<-finished
		w.loop.Settle()
		all := w.answers("POST")
		if len(all) != 1 || all[0].status != status || all[0].body != body {
			t.Errorf("got %+v, want %d %q", all, status, body)
		}
		if got := w.refused(apps.RefusedOverload); (got == 1) != (err != nil) {
			t.Errorf("%d refusals counted", got)
		}
	}
	f(nil, 200, "{}")
	f(errors.New("a loop's mailbox is full"), 503, "cannot end the user's connections: a loop's mailbox is full; try again in a moment\n")
}
