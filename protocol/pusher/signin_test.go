package pusher

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/protocol"
)

type appRecord = apps.App

func mustParse(t *testing.T, id string) protocol.SocketID {
	t.Helper()
	parsed, err := protocol.ParseSocketID(id)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

type presenceList struct {
	Count int
	IDs   []string
	Hash  map[string]json.RawMessage
}

func parsePresence(t *testing.T, frame string) presenceList {
	t.Helper()
	var f struct{ Data string }
	var data struct{ Presence presenceList }
	if err := json.Unmarshal([]byte(frame), &f); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(f.Data), &data); err != nil {
		t.Fatal(err)
	}
	return data.Presence
}

func TestSignin_SIG01(t *testing.T) {
	c := newWorld(t, nil).connect()
	for range 2 { // again as the same user
		c.do(c.signin(`{"id": "12345", "user_info":{"name":"A"}}`))
		c.wants(signedIn(`{"id": "12345", "user_info":{"name":"A"}}`))
	}
}

func TestSigninRefusals_SIG02_SIG03_SIG04(t *testing.T) {
	w := newWorld(t, nil)
	f := func(userData, want string) {
		t.Helper()
		c := w.connect()
		c.do(c.signin(userData))
		if got := c.read(); len(got) != 1 || !strings.HasPrefix(got[0], `{"event":"pusher:error","data":{"code":null,`) || !strings.Contains(got[0], want) {
			t.Errorf("%s: %q, want %s", userData, got, want)
		}
		c.write(ping)
		c.wants(pong)
		if n := w.server.cfg.Users.Len(); n != 0 {
			t.Errorf("%s: %d users signed in", userData, n)
		}
	}
	f(`{}`, "the id is a string")
	f(`{"id":""}`, "it is empty")
	f(`{"id":7}`, "the id is a string")
	f(`{"id":"a b"}`, "is not allowed")
	f(`[]`, "user_data must be a JSON object")
	f(`x`, "user_data must be a JSON object")
	f(`{"id":"1","watchlist":"2"}`, "must be an array of user ids")
	f(`{"id":"1","watchlist":[2]}`, "must be an array of user ids: strings")
	f(`{"id":"1","watchlist":["a:b"]}`, "is not allowed")
	f(`{"id":"1","user_info":"`+strings.Repeat("x", 2050)+`"}`, "user_info in user_data is too large")
	c := w.connect()
	c.do(`{"event":"pusher:signin","data":{"auth":"`+testKey+`:beef","user_data":"{\"id\":\"1\"}"}}`,
		`{"event":"pusher:signin","data":{"auth":"nonsense","user_data":"{}"}}`, `{"event":"pusher:signin","data":{"auth":"x:y"}}`, `{"event":"pusher:signin"}`)
	got := c.read()
	for i, want := range []string{
		`Invalid signature: Expected HMAC SHA256 hex digest of ` + c.id + `::user::`, `Invalid format: auth must have the format key:signature`,
		`user_data must be a JSON string`, `pusher:signin needs data`,
	} {
		if i >= len(got) || !strings.Contains(got[i], want) {
			t.Errorf("answer %d of %q, want %s", i, got, want)
		}
	}
	c.become("1")
	c.do(c.signin(`{"id":"2"}`))
	c.wants(pusherError("null", "this connection is signed in as 1: open another one for another user"))
}

func TestUserChannel_SIG05_SIG06_SIG07(t *testing.T) {
	w := newWorld(t, nil)
	own := `{"event":"pusher:subscribe","data":{"auth":"","channel":"#server-to-user-7"}}`
	a, b, stranger := w.connect(), w.connect(), w.connect()
	a.do(a.signin(`{"id":"7"}`), own)
	a.wants(signedIn(`{"id":"7"}`), succeeded("#server-to-user-7"))
	b.become("7")
	b.do(own)
	b.wants(succeeded("#server-to-user-7"))
	for _, id := range []string{"", "8"} {
		if id != "" {
			stranger.become(id)
		}
		stranger.do(own)
		if got := stranger.read(); len(got) != 2 || !strings.Contains(got[0], "Cannot subscribe to #server-to-user-7: ") {
			t.Errorf("a stranger signed in as %q: %q", id, got)
		}
	}
	w.publish(&channels.Message{Channel: "#server-to-user-7", Event: "e", Data: "d"})
	a.wants(event("#server-to-user-7", "d"))
	b.wants(event("#server-to-user-7", "d"))
	stranger.wants()
}

// A client may say all of it in one breath.
func TestPresenceBySignin_PRE16_PRE17(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	bare, _ := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": map[string]string{
		"channel": "presence-x", "auth": signer.Token(c.id, "presence-x"),
	}})
	c.do(string(bare))
	if got := c.read(); len(got) != 2 || !strings.Contains(got[0], "without channel_data") {
		t.Errorf("not signed in: %q", got)
	}
	c.do(c.signin(`{"id":"7","user_info":{"name":"A"}}`), string(bare))
	got := c.read()
	if len(got) != 2 || got[0] != signedIn(`{"id":"7","user_info":{"name":"A"}}`) {
		t.Fatalf("received %q", got)
	}
	if list := parsePresence(t, got[1]); list.Count != 1 || string(list.Hash["7"]) != `{"name":"A"}` {
		t.Errorf("members %+v", list)
	}
}

func TestConnectionsPerUser(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.Limits.ConnectionsPerUser = 2 })
	w.connect().become("7")
	second := w.connect()
	second.become("7")
	third := w.connect()
	third.do(third.signin(`{"id":"7"}`))
	third.wants(pusherError("null", `user "7" is signed in on 2 connections, which is the app's limit`))
	third.become("8")
	second.peer.Hangup()
	w.connect().become("7")
}

func TestTerminate_API34_API35(t *testing.T) {
	w := newWorld(t, nil)
	a, b, member, other := w.connect(), w.connect(), w.connect(), w.connect()
	a.become("7")
	b.become("7")
	other.become("8")
	member.join("presence-x", `{"user_id":"7"}`)
	w.server.cfg.Users.Terminate("3", "7", func(error) {})
	w.server.cfg.Users.Terminate("3", "nobody", func(error) {})
	w.server.cfg.Users.Terminate("4", "8", func(error) {})
	w.loop.Settle()
	const goodbye = "close 4009 the application has terminated this user's connections"
	a.wants(goodbye)
	b.wants(goodbye)
	member.wants()
	other.wants()
}

func TestTerminatedUsersMayReturn(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.TerminatedReturn = true })
	c := w.connect()
	c.become("7")
	w.server.cfg.Users.Terminate("3", "7", func(error) {})
	w.loop.Settle()
	c.wants("close 4200 the application has terminated this user's connections")
}

func TestWatchlist_WAT01_WAT02_WAT03(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		bob := w.connect()
		bob.become("bob")
		ann := w.connect()
		list := `{"id":"ann","watchlist":["bob","dan","ann","bob"]}`
		ann.do(ann.signin(list))
		ann.wants(signedIn(list), watched(`{"name":"online","user_ids":["bob","ann"]},{"name":"offline","user_ids":["dan"]}`))
		second := w.connect()
		second.become("bob")
		dan := w.connect()
		dan.become("dan")
		ann.wants(watched(`{"name":"online","user_ids":["dan"]}`))
		second.peer.Hangup()
		bob.peer.Hangup()
		<-time.After(offlineDelay - time.Nanosecond)
		w.loop.Settle()
		ann.wants()
		late := w.connect()
		late.do(late.signin(`{"id":"eve","watchlist":["bob"]}`))
		late.wants(signedIn(`{"id":"eve","watchlist":["bob"]}`), watched(`{"name":"online","user_ids":["bob"]}`))
		<-time.After(time.Nanosecond)
		synctest.Wait()
		w.loop.Settle()
		ann.wants(watched(`{"name":"offline","user_ids":["bob"]}`))
		late.wants(watched(`{"name":"offline","user_ids":["bob"]}`))
	})
}

// Who reloads a page was never away.
func TestAReturnWithinTheDelayIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		bob, ann := w.connect(), w.connect()
		bob.become("bob")
		ann.do(ann.signin(`{"id":"ann","watchlist":["bob"]}`))
		ann.read()
		bob.peer.Hangup()
		<-time.After(offlineDelay / 2)
		w.connect().become("bob")
		<-time.After(2 * offlineDelay)
		synctest.Wait()
		w.loop.Settle()
		ann.wants()
	})
}

func TestWatchlistTooLong_WAT04(t *testing.T) {
	w := newWorld(t, nil)
	ids := make([]string, 101)
	for i := range ids {
		ids[i] = fmt.Sprint("u", i)
	}
	b, _ := json.Marshal(map[string]any{"id": "ann", "watchlist": ids})
	c := w.connect()
	c.do(c.signin(string(b)))
	got := c.read()
	if len(got) != 3 || got[0] != signedIn(string(b)) || !strings.Contains(got[1], `"u99"]`) ||
		got[2] != pusherError("4302", "watchlist has more than 100 users: the first 100 are watched") {
		t.Errorf("received %q", got)
	}
}

func TestPresenceMakesNobodyOnline_WAT05(t *testing.T) {
	w := newWorld(t, nil)
	ann := w.connect()
	ann.do(ann.signin(`{"id":"ann","watchlist":["bob"]}`))
	ann.read()
	w.connect().join("presence-x", `{"user_id":"bob"}`)
	ann.wants()
}

func TestWatchlistsOff(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.Watchlists = false })
	c := w.connect()
	c.do(c.signin(`{"id":"ann","watchlist":["bob"]}`))
	c.wants(signedIn(`{"id":"ann","watchlist":["bob"]}`))
	w.connect().become("bob")
	c.wants()
}

// A second sign-in replaces the watchlist.
func TestWatchlistIsReplaced(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.do(c.signin(`{"id":"ann","watchlist":["bob"]}`), c.signin(`{"id":"ann","watchlist":["dan"]}`))
	c.read()
	w.connect().become("bob")
	c.wants()
	w.connect().become("dan")
	c.wants(watched(`{"name":"online","user_ids":["dan"]}`))
}

func TestSigninEndsWithTheConnection_SIG08(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.do(c.signin(`{"id":"ann","watchlist":["bob","dan"]}`))
	c.peer.Hangup()
	w.loop.Settle()
	if n := w.server.cfg.Users.Len(); n != 0 {
		t.Errorf("%d users signed in", n)
	}
	w.nothingLeft()
}

func TestWatchlistIsNotReadWhereItIsOff(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.Watchlists, a.Limits.Watchlist = false, 1 })
	for _, list := range []string{`["a","b"]`, `"nonsense"`} {
		c := w.connect()
		userData := `{"id":"ann","watchlist":` + list + `}`
		c.do(c.signin(userData))
		c.wants(signedIn(userData))
	}
}

// The limits of members hold for those who are it by their sign-in.
func TestPresenceLimitsBySignin_PRE14_PRE15(t *testing.T) {
	f := func(userData, want string) {
		t.Helper()
		c := newWorld(t, nil).connect()
		bare, _ := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": map[string]string{
			"channel": "presence-x", "auth": signer.Token(c.id, "presence-x"),
		}})
		c.do(c.signin(userData), string(bare))
		if got := c.read(); len(got) != 3 || got[0] != signedIn(userData) || !strings.Contains(got[1], want) {
			t.Errorf("received %.200q, want %s", got, want)
		}
	}
	f(`{"id":"`+strings.Repeat("x", 129)+`"}`, "129 characters, and at most 128 are allowed")
	f(`{"id":"1","user_info":"`+strings.Repeat("x", 2040)+`"}`, "at most 2048 are allowed")
}

// A signed frame can be sent again and again by whoever has seen it.
func TestSigninsAreBounded(t *testing.T) {
	c := newWorld(t, nil).connect()
	again := make([]string, 20)
	for i := range again {
		again[i] = c.signin(`{"id":"1"}`)
	}
	c.do(again...)
	done, refusedOnes := 0, 0
	for _, got := range c.read() {
		switch {
		case got == signedIn(`{"id":"1"}`):
			done++
		case got == pusherError("null", "this connection is signed in, and may sign in again 5 times a second"):
			refusedOnes++
		}
	}
	if done != 1+signinsPerSecond || refusedOnes != len(again)-done {
		t.Errorf("%d were done and %d refused, of %d", done, refusedOnes, len(again))
	}
}
