package pusher

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol"
)

// travel encodes and decodes a value as a hand-over does.
func travel[T any](t testing.TB, v T) (got T) {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&v); err != nil {
		t.Fatal(err)
	}
	if err := gob.NewDecoder(&b).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// successor is a server in a new process that has taken up what the node holds,
// and waits for the sessions.
func (w *world) successor(change func(*apps.App)) *world {
	w.Helper()
	next := newWorld(w.TB, change)
	next.server.cfg.Users.Pause()
	next.registry.Import(travel(w, w.registry.Export(0, 1)))
	if users := w.server.cfg.Users.Export(); len(users) > 0 {
		next.server.cfg.Users.Import(travel(w, users))
	}
	return next
}

// record writes a client's session down.
func (c *client) record() *protocol.Record {
	c.Helper()
	r, ok := c.server.Export(c.peer.Conn(), nil)
	if !ok {
		c.Fatal("no session to export")
	}
	return new(travel(c, r))
}

// take has a client's session go on in this world.
func (w *world) take(c *client) error {
	w.Helper()
	r := c.record()
	c.peer.MoveTo(w.loop)
	c.world = w
	return w.server.Attach(c.peer.Conn(), r, w.app, nil)
}

func (w *world) mustTake(all ...*client) {
	w.Helper()
	for _, c := range all {
		if err := w.take(c); err != nil {
			w.Fatal(err)
		}
	}
}

// begin lets the world go on after a hand-over. Until here, nobody may have been
// told anything.
func (w *world) begin(all ...*client) {
	w.Helper()
	for _, c := range all {
		c.wants()
	}
	if len(w.told) != 0 {
		w.Errorf("in the hand-over the witness was told %q", w.told)
	}
	w.registry.Settle()
	w.server.cfg.Users.Resume()
	w.loop.Settle()
}

// handOver has all go on in another process, without anybody hearing of it.
func (w *world) handOver(all ...*client) *world {
	w.Helper()
	next := w.successor(nil)
	next.mustTake(all...)
	next.begin(all...)
	for _, c := range all {
		c.wants()
	}
	next.wantsTold()
	return next
}

// wantsTold checks what the witness was told since the last look.
func (w *world) wantsTold(want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, w.told); diff != "" {
		w.Errorf("the witness was told (-want +got):\n%s", diff)
	}
	w.told = nil
}

func TestNobodyHearsOfAHandover(t *testing.T) {
	old := newWorld(t, func(a *apps.App) { a.SubscriptionCounts = true })
	ann, bob, page := old.connect(), old.connect(), old.connect()
	ann.do(ann.subscribe("presence-x", `{"user_id":"ann","user_info":{"n": 1}}`), ann.subscribe("private-x", ""))
	bob.do(bob.subscribe("presence-x", `{"user_id":"bob"}`), bob.subscribe("private-x", ""), bob.subscribe("cache-x", ""))
	page.do(page.subscribe("presence-x", `{"user_id":"ann"}`)) // a second page of hers
	old.publish(&channels.Message{Channel: "cache-x", Event: "e", Data: "kept", Retain: time.Hour})
	for _, c := range []*client{ann, bob, page} {
		c.read()
	}

	next := old.successor(func(a *apps.App) { a.SubscriptionCounts = true })
	next.mustTake(page, bob, ann)
	next.begin(page, bob, ann)
	next.registry.Tick()
	next.loop.Settle()
	for _, c := range []*client{ann, bob, page} {
		c.wants()
	}
	next.wantsTold()
	if got, want := next.registry.Stats(), old.registry.Stats(); got != want {
		t.Errorf("registry %+v, want %+v", got, want)
	}
	live := next.tenants.Of(next.app)
	if n, opened := live.Connections(), live.Totals().Opened; n != 3 || opened != 0 {
		t.Errorf("%d connections, %d opened here", n, opened)
	}

	// Life goes on.
	late := next.connect()
	late.do(late.subscribe("presence-x", `{"user_id":"cid"}`), late.subscribe("cache-x", ""))
	if got := late.read(); len(got) != 4 || !strings.Contains(got[0], `\"ids\":[\"ann\",\"bob\",\"cid\"]`) ||
		!strings.Contains(got[0], `\"ann\":{\"n\":1}`) || !strings.Contains(got[2], `"kept"`) {
		t.Errorf("a newcomer received %q", got)
	}
	const came = `{"event":"pusher_internal:member_added","channel":"presence-x","data":"{\"user_id\":\"cid\",\"user_info\":null}"}`
	ann.wants(came)
	bob.wants(came, `{"event":"pusher_internal:subscription_count","channel":"cache-x","data":"{\"subscription_count\":2}"}`)
	next.told = nil
	ann.do(whisper("private-x", "hi"))
	bob.wants(`{"event":"client-e","channel":"private-x","data":"hi"}`)
	page.peer.Hangup()
	page.wants(came)
	bob.wants() // ann has another page
	next.wantsTold()
	ann.peer.Hangup()
	bob.wants(
		`{"event":"pusher_internal:member_removed","channel":"presence-x","data":"{\"user_id\":\"ann\"}"}`,
		`{"event":"pusher_internal:subscription_count","channel":"private-x","data":"{\"subscription_count\":1}"}`,
	)
	late.peer.Hangup()
	bob.peer.Hangup()
	next.registry.Drop(next.app.ID)
	next.told = nil
	next.nothingLeft()
}

// What is half on its way goes on where it stopped: half a frame, messages for a
// socket that takes none, and commands behind a check that is out.
func TestHandoverInTheMiddle(t *testing.T) {
	old := newWorld(t, nil)
	c, other := old.connect(), old.connect()
	c.join("news", "")
	c.join("private-x", "")
	other.join("private-x", "")
	c.write(c.subscribe("private-late", ""), whisper("private-x", "waiting"), "nonsense") // the check is out
	half := appendMasked(nil, 1, whisper("private-x", "in two pieces"))
	c.peer.Write(half[:20])
	c.peer.Stall(true)
	old.publish(&channels.Message{Channel: "news", Event: "e", Data: "unsent"})

	next := old.handOver(c, other)
	c.peer.Write(half[20:])
	next.work()
	const whispered = `{"event":"client-e","channel":"private-x","data":`
	other.wants(whispered+`"waiting"}`, whispered+`"in two pieces"}`)
	c.peer.Stall(false)
	c.wants(`{"event":"e","channel":"news","data":"unsent"}`,
		pusherError("null", errText("message is not JSON: invalid character 'o' in literal null (expecting 'u') (byte 2)")),
		succeeded("private-late"))
	if c.peer.Conn().Receiver().(*session).wait != nil {
		t.Error("the session still holds what only the hand-over needed")
	}
}

func TestExportIsPlainData(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.join("presence-x", `{"user_id":"1","user_info":"i"}`)
	c.join("presence-y", `{"user_id":"1"}`)
	c.do(whisper("presence-x", "1"), unsubscribe("presence-y"))
	c.do(c.signin(`{"id":"ann","user_info":1,"watchlist":["bob"]}`), c.signin(`{"id":"ann","user_info":1,"watchlist":["bob"]}`))
	got := *c.record()
	for what, d := range map[string]*time.Duration{"client events": &got.RateDebt, "sign-ins": &got.User.RateDebt} {
		if *d <= 0 || *d > 200*time.Millisecond {
			t.Errorf("rate debt %v after one of %s", *d, what)
		}
		*d = 0
	}
	if d := time.Since(got.LastActivity); d < -time.Minute || d > time.Minute {
		t.Errorf("last activity %v", got.LastActivity)
	}
	if got.Conn.Idle != 30 {
		t.Errorf("connection: %+v", got.Conn)
	}
	got.LastActivity, got.Conn = time.Time{}, engine.ConnState{}
	want := protocol.Record{
		Protocol: "pusher", Version: 7, SocketID: c.id, App: "3", LeftPresence: 1,
		Subscriptions: []protocol.SubscriptionRecord{{Channel: "presence-x", Member: &protocol.MemberRecord{UserID: "1", Info: `"i"`}, Serial: 1}},
		User:          &protocol.UserRecord{ID: "ann", Info: "1", Watchlist: []string{"bob"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

// What can't be taken up costs its client the connection, and the code tells it
// what to do.
func TestAttachRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*protocol.Record)
		app    func(*apps.App) // nil: there is none
		want   string
		close  string
	}{
		"another protocol": {func(r *protocol.Record) { r.Protocol = "socketio" }, same, "protocol", "close 4200 the server was upgraded"},
		"another app":      {func(r *protocol.Record) { r.App = "4" }, same, `app "4"`, "close 4200 the server was upgraded"},
		"no socket id":     {func(r *protocol.Record) { r.SocketID = "x" }, same, "socket id", "close 4200 the server was upgraded"},
		"version":          {func(r *protocol.Record) { r.Version = 777 }, same, "777", "close 4200 the server was upgraded"},
		"disabled app":     {func(*protocol.Record) {}, func(a *apps.App) { a.Enabled = false }, `app "3" is disabled`, "close 4003 app was disabled"},
		"unknown app":      {func(*protocol.Record) {}, nil, `app "3" is not known`, "close 4001 app was removed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.app)
			app := w.app
			if test.app == nil {
				app = nil
			}
			c := newWorld(t, nil).connect()
			r := c.record()
			test.change(r)
			c.peer.MoveTo(w.loop)
			err := w.server.Attach(c.peer.Conn(), r, app, nil)
			if _, ok := errors.AsType[*AttachError](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			w.nothingLeft()
			w.server.TurnAway(c.peer.Conn(), r, app, nil, err)
			c.wants()
			w.loop.Settle()
			c.wants(test.close)
			c.peer.Hangup()
			w.nothingLeft()
		})
	}
}

func same(*apps.App) {}

// Old clients read the code from an event.
func TestOldClientsAreTurnedAwayInTheirWords(t *testing.T) {
	old, next := newWorld(t, nil), newWorld(t, func(a *apps.App) { a.Enabled = false })
	c := old.dial("/app/" + testKey + "?protocol=5")
	c.hello()
	r := c.record()
	c.peer.MoveTo(next.loop)
	next.server.TurnAway(c.peer.Conn(), r, next.app, nil, next.server.Attach(c.peer.Conn(), r, next.app, nil))
	next.loop.Settle()
	c.wants(pusherError("4003", "app was disabled"), "close 4003 app was disabled")
}

// Who is turned away leaves its rooms, and so does one whose connection can't even
// be told.
func TestWhoIsTurnedAwayLeavesItsRooms(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*protocol.Record)
		told  []string
	}{
		"by close frame": {func(r *protocol.Record) { r.SocketID = "x" }, []string{"close 4200 the server was upgraded"}},
		"without a word": {func(r *protocol.Record) { r.Conn.Client = "x" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			old := newWorld(t, nil)
			c, other := old.connect(), old.connect()
			c.join("presence-x", `{"user_id":"1"}`)
			other.join("presence-x", `{"user_id":"2"}`)
			c.read()
			next := old.successor(nil)
			r := c.record()
			test.spoil(r)
			c.peer.MoveTo(next.loop)
			next.server.TurnAway(c.peer.Conn(), r, next.app, nil, next.server.Attach(c.peer.Conn(), r, next.app, nil))
			next.mustTake(other)
			next.begin(other)
			c.wants(test.told...)
			if test.told == nil && !c.peer.Closed() {
				t.Error("the connection is open")
			}
			other.wants(`{"event":"pusher_internal:member_removed","channel":"presence-x","data":"{\"user_id\":\"1\"}"}`)
			if n := next.server.Stats().Closed[codeReconnect]; n != uint64(len(test.told)) {
				t.Errorf("%d sessions were closed with 4200", n)
			}
		})
	}
}

// What is written down of a session that was taken up is what it was taken up from.
func TestARecordSurvivesTheHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // so that the loop's seconds are whole
		old := newWorld(t, nil)
		c := old.connect()
		for range 3 {
			old.connect().join("presence-x", `{"user_id":"2"}`)
			old.publish(&channels.Message{Channel: "presence-x", Event: "e", Data: "d"})
		}
		c.join("presence-x", `{"user_id":"1","user_info":{"name":"Ann"}}`)
		c.join("news", "")
		c.do(whisper("presence-x", "1"))
		c.do(c.signin(`{"id":"ann","user_info":{"n":1},"watchlist":["bob","cid"]}`), c.signin(`{"id":"ann","user_info":{"n":1},"watchlist":["bob","cid"]}`))
		c.read()
		want := c.record()
		if want.User.RateDebt == 0 || want.RateDebt == 0 || want.Subscriptions[0].Serial != 5 {
			t.Errorf("record %+v", want)
		}
		next := old.successor(nil)
		next.mustTake(c)
		next.begin(c)
		if diff := cmp.Diff(want, c.record()); diff != "" {
			t.Errorf("record (-before +after):\n%s", diff)
		}
	})
}

func TestAttachTwice(t *testing.T) {
	old := newWorld(t, nil)
	c := old.connect()
	c.join("presence-x", `{"user_id":"1"}`)
	r := c.record()
	next := old.successor(nil)
	next.mustTake(c)
	twin := &client{world: next, peer: next.loop.Dial()}
	err := next.server.Attach(twin.peer.Conn(), r, next.app, nil)
	if err == nil || !strings.Contains(err.Error(), "adopted already") {
		t.Errorf("the second time: %v", err)
	}
	next.begin(c)
	if n := next.registry.Subscribers("3", "presence-x"); n != 1 {
		t.Errorf("%d subscribers", n)
	}
}

// Limits that are lower in the new process are for newcomers.
func TestLimitsDoNotRefuseWhoWasAdmitted(t *testing.T) {
	old := newWorld(t, nil)
	a, b := old.connect(), old.connect()
	for i, c := range []*client{a, b} {
		c.become("ann")
		c.join("presence-x", fmt.Sprintf(`{"user_id":"%d"}`, i))
		c.join("private-x", "")
	}
	a.read()
	next := old.successor(func(app *apps.App) {
		app.MaxConnections, app.Limits.PresenceMembers, app.Limits.ConnectionsPerUser, app.Limits.ChannelsPerConnection = 1, 1, 1, 1
	})
	next.mustTake(a, b)
	next.begin(a, b)
	a.wants()
	b.wants()
	if got, want := next.registry.Stats(), old.registry.Stats(); got != want {
		t.Errorf("registry %+v, want %+v", got, want)
	}
	if n := next.tenants.Of(next.app).Connections(); n != 2 {
		t.Errorf("%d connections", n)
	}
	refused := next.dial(upgrade)
	refused.wants(pusherError("4004", "app has its maximum of 1 connections open"), "close 4004 app has its maximum of 1 connections open")
}

// A connection that broke in the hand-over is told as gone.
func TestALostSessionLeavesItsRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t, nil)
		ann, bob := old.connect(), old.connect()
		ann.join("presence-x", `{"user_id":"ann"}`)
		bob.join("presence-x", `{"user_id":"bob"}`)
		bob.join("alone", "")
		bob.become("bob")
		ann.do(ann.signin(`{"id":"ann","watchlist":["bob"]}`))
		ann.read()
		next := old.successor(nil)
		next.server.Lose(next.loop.Loop, bob.record(), next.app)
		next.mustTake(ann)
		next.begin(ann)
		ann.wants(`{"event":"pusher_internal:member_removed","channel":"presence-x","data":"{\"user_id\":\"bob\"}"}`)
		next.wantsTold("member went presence-x bob", "vacated alone")
		<-time.After(offlineDelay)
		next.settled()
		ann.wants(watched(`{"name":"offline","user_ids":["bob"]}`))
		ann.peer.Hangup()
		next.nothingLeft()
	})
}

// A client whose confirmation was on its way gets it afterwards, with all who are
// there, whoever of them came first.
func TestHandoverOfAnUnconfirmedSubscription(t *testing.T) {
	old := newWorld(t, nil)
	c, other := old.connect(), old.connect()
	other.join("presence-x", `{"user_id":"1"}`)
	old.publish(&channels.Message{Channel: "presence-cache-x", Event: "e", Data: "kept", Retain: time.Hour})
	c.join("news", "")
	// Its markers are in the mailbox.
	ss := c.peer.Conn().Receiver().(*session)
	for _, channel := range []string{"presence-x", "presence-cache-x"} {
		if err := ss.enter(channel, &channels.Member{UserID: "2"}); err != nil {
			t.Fatal(err)
		}
	}
	next := old.successor(nil)
	next.mustTake(c, other)
	next.begin(c, other)
	got := c.read()
	if len(got) != 3 || !strings.Contains(got[0], `\"ids\":[\"1\",\"2\"]`) || !strings.Contains(got[1], `\"ids\":[\"2\"]`) || !strings.Contains(got[2], `"kept"`) {
		t.Errorf("received %q", got)
	}
	other.wants()
	next.wantsTold()
	next.publish(&channels.Message{Channel: "presence-x", Event: "e", Data: "1"})
	c.wants(`{"event":"e","channel":"presence-x","data":"1"}`)
	if c.peer.Conn().Receiver().(*session).wait != nil {
		t.Error("the session still holds what only the hand-over needed")
	}
}

// A session that is closing is not taken along: it would come to life again.
func TestClosingSessionIsNotExported(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.peer.Conn().Receiver().(*session).End(c.peer.Conn(), 4200, "x")
	if _, ok := w.server.Export(c.peer.Conn(), nil); ok {
		t.Error("exported")
	}
}

func TestUsersDoNotNoticeAHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t, nil)
		here, gone := old.connect(), old.connect()
		here.become("here")
		gone.become("gone")
		c := old.connect()
		c.do(c.signin(`{"id":"ann","watchlist":["here","gone","never"]}`), `{"event":"pusher:subscribe","data":{"auth":"","channel":"#server-to-user-ann"}}`)
		c.read()
		gone.peer.Hangup()
		<-time.After(offlineDelay - time.Second)
		old.settled()
		next := old.handOver(c, here)
		if n := next.server.cfg.Users.Len(); n != 2 {
			t.Errorf("%d users are signed in", n)
		}
		<-time.After(time.Second - time.Nanosecond)
		next.settled()
		c.wants()
		<-time.After(time.Nanosecond)
		next.settled()
		c.wants(watched(`{"name":"offline","user_ids":["gone"]}`))
		next.connect().become("never")
		c.wants(watched(`{"name":"online","user_ids":["never"]}`))
		here.peer.Hangup()
		<-time.After(offlineDelay)
		next.settled()
		c.wants(watched(`{"name":"offline","user_ids":["here"]}`))
		next.publish(&channels.Message{Channel: "#server-to-user-ann", Event: "e", Data: "1"})
		c.wants(`{"event":"e","channel":"#server-to-user-ann","data":"1"}`)
		c.do(c.signin(`{"id":"other"}`))
		c.wants(pusherError("null", "this connection is signed in as ann: open another one for another user"))
		next.server.cfg.Users.Terminate("3", "ann", func(error) {})
		next.loop.Settle()
		c.wants("close 4009 the application has terminated this user's connections")
	})
}

// Who lingers and comes again was never away.
func TestAUserReturnsAfterTheHandover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t, nil)
		bob, c := old.connect(), old.connect()
		bob.become("bob")
		c.do(c.signin(`{"id":"ann","watchlist":["bob"]}`))
		c.read()
		bob.peer.Hangup()
		next := old.handOver(c)
		next.connect().become("bob")
		<-time.After(10 * offlineDelay)
		next.settled()
		c.wants()
	})
}

func TestWatchlistsThatAreOffNowEnd(t *testing.T) {
	old := newWorld(t, nil)
	c := old.connect()
	c.do(c.signin(`{"id":"ann","watchlist":["bob"]}`))
	c.read()
	next := old.successor(func(a *apps.App) { a.Watchlists = false })
	next.mustTake(c)
	next.begin(c)
	next.connect().become("bob")
	c.wants()
}

// What a client may do again only after a while, it may not do earlier because of a
// hand-over.
func TestRatesGoAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t, nil)
		c, other := pair(old, "private-x")
		for range 10 {
			c.do(whisper("private-x", "1"))
		}
		for range leavesAtOnce {
			c.do(c.subscribe("presence-x", `{"user_id":"1"}`), unsubscribe("presence-x"))
		}
		for range 1 + signinsPerSecond {
			c.do(c.signin(`{"id":"ann"}`))
		}
		c.read()
		other.read()
		old.handOver(c, other)
		c.do(whisper("private-x", "1"), c.subscribe("presence-x", `{"user_id":"1"}`), c.signin(`{"id":"ann"}`))
		got := c.read()
		for i, want := range []string{"at most 10 per second", "has left too many", "pusher:subscription_error", "may sign in again 5 times"} {
			if len(got) != 4 || !strings.Contains(got[i], want) {
				t.Errorf("received %q, want number %d with %q", got, i, want)
			}
		}
		other.wants()
	})
}

// The clock of a new process may be behind, and its bounds be others.
func TestLeavesOfAnotherClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := newWorld(t, nil), newWorld(t, nil)
		c := old.connect()
		r := c.record()
		r.LeftPresence, r.LastActivity = 1000, r.LastActivity.Add(2*time.Second)
		c.peer.MoveTo(next.loop)
		c.world = next
		if err := next.server.Attach(c.peer.Conn(), r, next.app, nil); err != nil {
			t.Fatal(err)
		}
		join := c.subscribe("presence-x", `{"user_id":"1"}`)
		c.do(join)
		if got := c.read(); len(got) != 2 || !strings.Contains(got[0], "has left too many") {
			t.Errorf("received %q", got)
		}
		next.loop.Advance(time.Second)
		c.do(join)
		if got := c.read(); len(got) != 1 || !strings.Contains(got[0], "subscription_succeeded") {
			t.Errorf("after a second: %q", got)
		}
	})
}

// Probation goes on with the time that is left, and ends as ever.
func TestProbationGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t, onProbation)
		first := old.connect()
		<-time.After(4 * time.Second)
		second, third := old.connect(), old.connect()
		<-time.After(3 * time.Second)
		old.settled()
		next := old.successor(onProbation)
		next.mustTake(third, second, first)
		next.begin(first, second, third)
		if n := next.tenants.Of(next.app).Connections(); n != 0 {
			t.Errorf("%d connections count", n)
		}
		third.become("3")
		<-time.After(3*time.Second - time.Nanosecond)
		next.settled()
		first.wants()
		<-time.After(time.Nanosecond)
		next.settled()
		first.wants(late)
		<-time.After(4*time.Second - time.Nanosecond)
		next.settled()
		second.wants()
		<-time.After(time.Nanosecond)
		next.settled()
		second.wants(late)
		third.wants()
	})
}

// A record that doesn't say how long probation lasts gives it all of its time.
func TestProbationOfAnOlderRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t, onProbation)
		c := old.connect()
		r := c.record()
		r.ProbationLeft = 0
		next := newWorld(t, onProbation)
		c.peer.MoveTo(next.loop)
		if err := next.server.Attach(c.peer.Conn(), r, next.app, nil); err != nil {
			t.Fatal(err)
		}
		<-time.After(10*time.Second - time.Nanosecond)
		next.settled()
		c.wants()
		<-time.After(time.Nanosecond)
		next.settled()
		c.wants(late)
	})
}

// An app that demands nothing any more counts who was on probation.
func TestProbationThatNobodyDemandsEnds(t *testing.T) {
	old := newWorld(t, onProbation)
	c := old.connect()
	next := old.handOver(c)
	if n := next.tenants.Of(next.app).Connections(); n != 1 {
		t.Errorf("%d connections count", n)
	}
}

func TestTheActivityTimeoutGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := newWorld(t, nil)
		c := old.connect()
		old.loop.Advance(20 * time.Second)
		c.wants()
		next := old.handOver(c)
		next.loop.Advance(9 * time.Second)
		c.wants()
		next.loop.Advance(2 * time.Second)
		c.wants("ping")
		last := next.handOver(c)
		last.loop.Advance(32 * time.Second)
		c.wants("close 4201 no pong: nothing was received for too long")
	})
}

// A changed record holds at once, as it does when an app changes in a process.
func TestAChangedAppHoldsAfterTheHandover(t *testing.T) {
	old := newWorld(t, nil)
	c := old.connect()
	c.join("news", "")
	next := old.successor(func(a *apps.App) {
		a.ActivityTimeout, a.SubscriptionCounts = 10*time.Second, true
		a.Limits.MessageSize, a.Limits.ClientEventData, a.Limits.PresenceUserInfo = 1024, 1024, 1024
	})
	next.mustTake(c)
	next.begin(c)
	next.registry.Tick()
	next.loop.Settle()
	c.wants(`{"event":"pusher_internal:subscription_count","channel":"news","data":"{\"subscription_count\":1}"}`)
	next.loop.Advance(12 * time.Second)
	c.wants("ping")
	c.write(strings.Repeat("x", 1025))
	if got := c.read(); len(got) != 1 || !strings.HasPrefix(got[0], "close 1009") {
		t.Errorf("received %q", got)
	}
}
