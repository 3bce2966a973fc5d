package pusher

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fanfare/channels"
	"fanfare/channels/apps"
)

func whisper(channel, data string) string {
	return `{"event":"client-e","channel":"` + channel + `","data":"` + data + `"}`
}

// What one write asks for takes effect in its order, although the pool answers
// later.
func TestCommandOrder(t *testing.T) {
	for _, full := range []bool{false, true} {
		t.Run(fmt.Sprintf("full pool %v", full), func(t *testing.T) {
			w := newWorld(t, nil)
			other := w.connect()
			other.join("private-x", "")
			c := w.connect()
			w.full = full
			c.write(c.subscribe("private-x", ""), whisper("private-x", "1"), unsubscribe("private-x"), whisper("private-x", "2"), ping)
			if !full {
				c.wants(pong) // pings don't wait
				other.wants()
				w.work()
			}
			other.wants(`{"event":"client-e","channel":"private-x","data":"1"}`)
			notMember := pusherError("null", "Cannot broadcast client event (connection not subscribed to channel private-x)")
			if full {
				c.wants(notMember, pong, succeeded("private-x"))
			} else {
				c.wants(notMember, succeeded("private-x"))
			}
			if n := w.registry.Subscribers("3", "private-x"); n != 1 {
				t.Errorf("%d subscribers, want the other alone", n)
			}
		})
	}
}

func TestConsecutiveSubscribesAreOneJob(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.write(c.subscribe("private-1", ""), c.subscribe("news", ""), c.subscribe("presence-1", `{"user_id":"1"}`), c.subscribe("private-2", ""))
	if len(w.jobs) != 1 {
		t.Fatalf("%d jobs", len(w.jobs))
	}
	c.wants()
	w.work()
	got := c.read()
	if len(got) != 4 || got[0] != succeeded("private-1") || got[1] != succeeded("news") || got[3] != succeeded("private-2") {
		t.Errorf("received %q", got)
	}
	c.write(c.subscribe("public", ""))
	c.wants(succeeded("public"))
	if st := w.server.Stats(); st.AuthJobs != 1 || st.AuthInline != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestRefusalsComeInTurn(t *testing.T) {
	c := newWorld(t, func(a *apps.App) { a.SubscriptionErrors = false }).connect()
	c.do(c.subscribe("private-1", ""), c.subscribe("a b", ""), c.subscribe("private-1", ""),
		`{"event":"pusher:subscribe","data":{"channel":"private-2","auth":"x"}}`, unsubscribe("private-2"), "nonsense")
	got := strings.Join(c.read(), "\n")
	at := -1
	for _, part := range []string{"a b", "Existing subscription to channel private-1", "Auth value for subscription to private-2", "No current subscription to channel private-2", "not JSON"} {
		i := strings.Index(got, part)
		if i <= at {
			t.Errorf("%q is missing or out of order in\n%s", part, got)
		}
		at = i
	}
}

func TestSecondJobAfterAnother(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.write(c.subscribe("private-1", ""), unsubscribe("private-1"), c.subscribe("private-1", ""), c.subscribe("private-2", ""), unsubscribe("private-2"))
	for jobs := range 2 {
		if len(w.jobs) != 1 {
			t.Fatalf("%d jobs out after %d", len(w.jobs), jobs)
		}
		job := w.jobs[0]
		w.jobs = nil
		job()
		w.loop.Settle()
	}
	if len(w.jobs) != 0 || w.registry.Stats().Subscriptions != 1 || w.registry.Subscribers("3", "private-1") != 1 {
		t.Errorf("%d jobs, registry %+v", len(w.jobs), w.registry.Stats())
	}
	if ss := c.peer.Conn().Receiver().(*session); ss.wait != nil {
		t.Errorf("the session still holds %+v", ss.wait)
	}
}

func TestCloseWhileTheCheckRuns(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.write(c.subscribe("presence-x", `{"user_id":"1"}`), whisper("presence-x", "1"))
	c.peer.Hangup()
	next := w.connect() // takes the same slot
	w.work()
	next.wants()
	next.peer.Hangup()
	w.nothingLeft()
}

// A hundred thousand subscribes at once: what waits stays bounded, each is
// answered, and those beyond the limit are refused.
func TestManySubscribesAtOnce(t *testing.T) {
	const n, limit = 100_000, 500
	w := newWorld(t, func(a *apps.App) {
		a.Limits.ChannelsPerConnection = limit
		a.SubscriptionErrors = false
	})
	c := w.connect()
	ss := c.peer.Conn().Receiver().(*session)
	confirmed, refused, most := 0, 0, 0
	var b []byte
	for i := range n {
		b = appendMasked(b, 1, c.subscribe(fmt.Sprintf("private-%d", i), ""))
		if len(b) < 64<<10 && i < n-1 {
			continue
		}
		c.peer.Write(b)
		b = b[:0]
		if ss.wait != nil {
			most = max(most, len(ss.wait.backlog)+ss.wait.wantBytes)
		}
		for _, got := range c.read() {
			switch {
			case strings.Contains(got, "subscription_succeeded"):
				confirmed++
			case strings.Contains(got, "which is the app's limit"):
				refused++
			default:
				t.Fatal(got)
			}
		}
	}
	w.work()
	refused += len(c.read())
	if confirmed != limit || refused != n-limit {
		t.Errorf("%d confirmed and %d refused, want %d and %d", confirmed, refused, limit, n-limit)
	}
	if most > 2*(maxCollected+maxWaiting) {
		t.Errorf("%d bytes waited", most)
	}
	c.peer.Hangup()
	w.nothingLeft()
}

// The pool answers after the loop has gone on without it.
func TestLateResultIsForgotten(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.Limits.ClientEventsPerSecond = 0 })
	other := w.connect()
	other.join("private-x", "")
	c := w.connect()
	c.write(c.subscribe("private-x", ""))
	var all []string
	for i := range 2000 {
		all = append(all, whisper("private-x", fmt.Sprint(i)))
	}
	c.write(all...)
	got := other.read()
	c.write(unsubscribe("private-x"))
	w.work()
	got = append(got, other.read()...)
	if len(got) != 2000 {
		t.Fatalf("%d events", len(got))
	}
	for i, g := range got {
		if want := `{"event":"client-e","channel":"private-x","data":"` + fmt.Sprint(i) + `"}`; g != want {
			t.Fatalf("event %d is %s", i, g)
		}
	}
	if n := w.registry.Subscribers("3", "private-x"); n != 1 {
		t.Errorf("%d subscribers", n)
	}
	if w.server.Stats().AuthInline == 0 {
		t.Error("the loop never checked inline")
	}
}

// A worker that panics must not leave a session waiting for ever.
func TestWorkerPanics(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.write(c.subscribe("private-x", ""))
	ss := c.peer.Conn().Receiver().(*session)
	job := ss.wait.job
	results := job.results
	job.results = nil // makes the worker panic
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the worker did not panic")
			}
		}()
		w.jobs[0]()
	}()
	job.results = results
	w.loop.Settle()
	c.wants(succeeded("private-x"))
}

func TestSubscriptionCountsBeforeItsMarker(t *testing.T) {
	w := newWorld(t, nil)
	c, other := w.connect(), w.connect()
	other.join("private-x", "")
	w.full = true
	c.peer.Deliver(appendMasked(appendMasked(nil, 1, c.subscribe("private-x", "")), 1, whisper("private-x", "1")))
	w.registry.Publish(&channels.Message{App: "3", Channel: "private-x", Event: "e", Data: "2"}, nil)
	w.loop.Settle()
	other.wants(`{"event":"client-e","channel":"private-x","data":"1"}`, `{"event":"e","channel":"private-x","data":"2"}`)
	c.wants(succeeded("private-x"), `{"event":"e","channel":"private-x","data":"2"}`)
}

// While the loop catches up, names and channel_data are read where they lie.
func TestCatchUpReadsStringData(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.write(c.subscribe("private-x", ""))
	c.write(whisper("private-y", strings.Repeat("x", maxWaiting-1000)))
	var all []string
	for i := range 10 {
		channel := fmt.Sprintf("presence-%d", i)
		user := fmt.Sprintf(`{"user_id":"%d","user_info":{"name":"a name that is long enough to overwrite others"}}`, i)
		data := fmt.Sprintf(`{"channel":%q,"auth":%q,"channel_data":%q}`, channel, signer.Token(c.id, channel, user), user)
		all = append(all, fmt.Sprintf(`{"event":"pusher:subscribe","data":%q}`, data))
	}
	c.write(all...)
	w.work()
	for i := range 10 {
		channel := fmt.Sprintf("presence-%d", i)
		if got := w.registry.Members("3", channel); got.Len() != 1 || slices.Collect(got.All())[0].UserID != fmt.Sprint(i) {
			t.Errorf("%s: %+v", channel, got)
		}
	}
	if w.server.Stats().AuthInline < 2 {
		t.Error("the loop did not catch up")
	}
}

// SUB-09: the refusal of a subscribe without auth names the channel that was
// asked for, whatever others say while it is being checked.
func TestRefusalNamesItsChannel_SUB09(t *testing.T) {
	p := parser{}
	cmd, err := p.parse([]byte(`{"event":"pusher:subscribe","data":{"channel":"private-mine"}}`))
	if err != nil {
		t.Fatal(err)
	}
	w := want{channel: cmd.channel, auth: cmd.auth, data: cmd.channelData}.keep()
	if _, err := p.parse([]byte(strings.Repeat(" ", 20) + `{"event":"client-secret","channel":"private-other"}`)); err != nil {
		t.Fatal(err)
	}
	if w.channel != "private-mine" {
		t.Errorf("channel became %q", w.channel)
	}
}
