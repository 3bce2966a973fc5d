package pusher

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol"
)

// export writes the client's session down, as text.
func (c *client) export() string {
	c.Helper()
	r, ok := c.server.Export(c.peer.Conn(), nil)
	if !ok {
		c.Fatal("no session to export")
	}
	b, err := json.Marshal(r)
	if err != nil {
		c.Fatal(err)
	}
	return string(b)
}

// attach takes a record up on a new connection.
func (w *world) attach(text string) (*client, error) {
	w.Helper()
	var r protocol.Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		w.Fatal(err)
	}
	c := &client{world: w, peer: w.loop.Dial(), id: r.SocketID}
	err := w.server.Attach(c.peer.Conn(), &r, w.app, nil)
	w.loop.Settle()
	return c, err
}

func TestSessionMovesToAnotherServer(t *testing.T) {
	a, b := newWorld(t, nil), newWorld(t, nil)
	c := a.connect()
	c.join("news", "")
	c.join("private-x", "")
	c.join("presence-x", `{"user_id":"1","user_info":{"n": 1}}`)
	c.write(c.subscribe("private-late", ""), whisper("private-x", "waiting"), "nonsense") // the check is out
	half := appendMasked(nil, 1, whisper("private-x", "in two pieces"))
	c.peer.Write(half[:20])
	c.peer.Stall(true)
	a.publish(&channels.Message{Channel: "news", Event: "e", Data: "unsent"})
	text := c.export()
	c.peer.Hangup()
	a.work()
	a.nothingLeft()

	other := b.connect()
	other.join("private-x", "")
	other.join("presence-x", `{"user_id":"2"}`)
	moved, err := b.attach(text)
	if err != nil {
		t.Fatal(err)
	}
	other.wants(`{"event":"pusher_internal:member_added","channel":"presence-x","data":"{\"user_id\":\"1\",\"user_info\":{\"n\":1}}"}`)
	moved.wants(`{"event":"e","channel":"news","data":"unsent"}`) // and nothing twice
	moved.peer.Write(half[20:])
	b.work()
	moved.wants(pusherError("null", errText("message is not JSON: invalid character 'o' in literal null (expecting 'u') (byte 2)")), succeeded("private-late"))
	other.wants(
		`{"event":"client-e","channel":"private-x","data":"waiting"}`,
		`{"event":"client-e","channel":"private-x","data":"in two pieces"}`,
	)

	b.publish(&channels.Message{Channel: "news", Event: "e", Data: "1"})
	moved.wants(`{"event":"e","channel":"news","data":"1"}`)
	id, err := protocol.ParseSocketID(moved.id)
	if err != nil {
		t.Fatal(err)
	}
	h, ok := b.server.cfg.IDs.Lookup(id)
	if !ok || h != moved.peer.Conn().Handle() {
		t.Errorf("socket id %s is at %v %v", moved.id, h, ok)
	}
	b.publish(&channels.Message{Channel: "private-x", Event: "e", Data: "2", Except: h})
	moved.wants()
	moved.join("private-y", "") // signed for the old id, which is the new one
	if moved.peer.Conn().Receiver().(*session).wait != nil {
		t.Error("the session still holds what only the move needed")
	}
	moved.peer.Hangup()
	other.peer.Hangup()
	b.nothingLeft()
}

func TestExportIsPlainData(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.join("presence-x", `{"user_id":"1","user_info":"i"}`)
	c.do(whisper("presence-x", "1"))
	var got protocol.Record
	if err := json.Unmarshal([]byte(c.export()), &got); err != nil {
		t.Fatal(err)
	}
	if got.RateDebt <= 0 || got.RateDebt > 100*time.Millisecond {
		t.Errorf("rate debt %v after one event", got.RateDebt)
	}
	if d := time.Since(got.LastActivity); d < -time.Minute || d > time.Minute {
		t.Errorf("last activity %v", got.LastActivity)
	}
	got.RateDebt, got.LastActivity = 0, time.Time{}
	if got.Conn.Idle != 30 {
		t.Errorf("connection: %+v", got.Conn)
	}
	got.Conn = engine.ConnState{}
	want := protocol.Record{
		Protocol: "pusher", Version: 7, SocketID: c.id, App: "3",
		Subscriptions: []protocol.SubscriptionRecord{{Channel: "presence-x", Member: &protocol.MemberRecord{UserID: "1", Info: `"i"`}, Serial: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestAttachRefuses(t *testing.T) {
	good := newWorld(t, nil).connect().export()
	for name, test := range map[string]struct {
		record string
		change func(*apps.App)
		busy   bool
		want   string
	}{
		"another protocol": {strings.Replace(good, `"pusher"`, `"socketio"`, 1), nil, false, "protocol"},
		"another app":      {strings.Replace(good, `"app":"3"`, `"app":"4"`, 1), nil, false, `app "4"`},
		"no socket id":     {strings.Replace(good, `"socket_id":"`, `"socket_id":"x`, 1), nil, false, "socket id"},
		"version":          {strings.Replace(good, `"version":7`, `"version":777`, 1), nil, false, "777"},
		"quota":            {good, func(a *apps.App) { a.MaxConnections = 1 }, true, "maximum of 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.change)
			var first *client
			if test.busy {
				first = w.connect()
			}
			c, err := w.attach(test.record)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			c.peer.Hangup()
			if first != nil {
				first.peer.Hangup()
			}
			w.nothingLeft()
		})
	}
}

func TestAttachTwice(t *testing.T) {
	w := newWorld(t, nil)
	text := newWorld(t, nil).connect().export()
	if _, err := w.attach(text); err != nil {
		t.Fatal(err)
	}
	if _, err := w.attach(text); err == nil || !strings.Contains(err.Error(), "adopted already") {
		t.Errorf("the second time: %v", err)
	}
}

// A room that is full by now costs the subscription, not the session.
func TestAttachLosesASubscription(t *testing.T) {
	c := newWorld(t, nil).connect()
	c.join("presence-x", `{"user_id":"1"}`)
	c.join("news", "")
	w := newWorld(t, func(a *apps.App) { a.Limits.PresenceMembers = 1 })
	w.connect().join("presence-x", `{"user_id":"2"}`)
	moved, err := w.attach(c.export())
	if err == nil || !strings.Contains(err.Error(), "is full") {
		t.Errorf("error %v", err)
	}
	if got := moved.read(); len(got) != 2 || !strings.Contains(got[1], "pusher:subscription_error") {
		t.Errorf("received %q", got)
	}
	w.publish(&channels.Message{Channel: "news", Event: "e", Data: "1"})
	moved.wants(`{"event":"e","channel":"news","data":"1"}`)
}

// A client whose confirmation was on its way gets it after the move.
func TestHandoverOfAnUnconfirmedSubscription(t *testing.T) {
	a, b := newWorld(t, nil), newWorld(t, nil)
	c := a.connect()
	c.peer.Deliver(appendMasked(nil, 1, c.subscribe("news", ""))) // its marker is in the mailbox
	text := c.export()
	c.peer.Hangup()
	moved, err := b.attach(text)
	if err != nil {
		t.Fatal(err)
	}
	moved.wants(succeeded("news"))
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

func TestAttachToADisabledApp(t *testing.T) {
	a, b := newWorld(t, nil), newWorld(t, func(a *apps.App) { a.Enabled = false })
	c := a.connect()
	c.join("news", "")
	_, err := b.attach(c.export())
	if err == nil || !strings.Contains(err.Error(), `app "3" is disabled`) {
		t.Errorf("attach: %v", err)
	}
	b.nothingLeft()
}
