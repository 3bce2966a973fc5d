package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// slowWorld has one connection, which the test stalls, and one that keeps up.
type slowWorld struct {
	testing.TB
	loop       *enginetest.Loop
	slow, good *enginetest.Peer
	to         []engine.Handle
}

func newSlowWorld(t testing.TB, cfg engine.Config) *slowWorld {
	t.Helper()
	l := enginetest.New(cfg, echo{})
	peers, handles := open(t, l, 2)
	return &slowWorld{t, l, peers[0], peers[1], handles}
}

func (w *slowWorld) publish(f *engine.Frame) {
	deliver(w.loop, f, w.to)
	w.loop.Settle()
}

// wants checks what the slow one gets once it reads again, and that nothing is
// counted any more after that. A close frame reads "close CODE REASON".
func (w *slowWorld) wants(want ...string) {
	w.Helper()
	w.slow.Stall(false)
	if diff := cmp.Diff(want, messages(w, w.slow.Received())); diff != "" {
		w.Errorf("the slow one got (-want +got):\n%s", diff)
	}
	if n := w.loop.QueuedBytes(); n != 0 {
		w.Errorf("%d bytes still count as queued", n)
	}
}

// messages parses text and close frames and fails on anything else, torn
// frames above all.
func messages(t failer, b []byte) []string {
	t.Helper()
	var r websocket.Reader
	var got []string
	for len(b) > 0 {
		var m websocket.Message
		n, _, ok, err := r.NextFromServer(b, 1<<20, &m)
		if err != nil || n == 0 || !ok {
			t.Fatalf("not a frame at %q: %v", b[:min(len(b), 40)], err)
		}
		text := string(m.Payload)
		if m.Op == websocket.Close {
			text = fmt.Sprintf("close %d %s", m.Code, m.Payload[2:])
		}
		got = append(got, text)
		b = b[n:]
	}
	return got
}

func numbered(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

func TestDropOldestKeepsTheNewest(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	rule := &engine.Rule{Policy: engine.DropOldest, Frames: 10}
	w.slow.Stall(true)
	for _, text := range numbered(0, 1000) {
		w.publish(engine.NewText(rule, []byte(text)))
	}
	if got := texts(t, w.good.Received()); len(got) != 1000 {
		t.Errorf("the good one got %d of 1,000", len(got))
	}
	w.wants(numbered(990, 1000)...)
	if got := w.loop.Snapshot().Dropped[engine.DropOldestFrame]; got != 990 {
		t.Errorf("counted %d drops, want 990", got)
	}
}

// Without limits of its own a rule has the server's.
func TestDropOldestWithinTheServersLimits(t *testing.T) {
	f := func(cfg engine.Config, want int) {
		t.Helper()
		w := newSlowWorld(t, cfg)
		rule := &engine.Rule{Policy: engine.DropOldest}
		w.slow.Stall(true)
		for _, text := range numbered(100, 200) { // 5 bytes each
			w.publish(engine.NewText(rule, []byte(text)))
		}
		w.wants(numbered(200-want, 200)...)
	}
	f(engine.Config{QueueFrames: 7}, 7)
	f(engine.Config{QueueBytes: 64}, 12)
	f(engine.Config{QueueBytes: 1}, 1)
}

// Nothing is dropped before its time, whatever the ring's length.
func TestDropOldestKeepsExactlyTheLimit(t *testing.T) {
	for n := range 70 {
		w := newSlowWorld(t, engine.Config{QueueFrames: 50})
		rule := &engine.Rule{Policy: engine.DropOldest, Frames: n + 1}
		w.slow.Stall(true)
		for _, text := range numbered(0, 100) {
			w.publish(engine.NewText(rule, []byte(text)))
		}
		w.wants(numbered(100-min(n+1, 50), 100)...)
	}
}

func TestDropOldestByBytes(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	rule := &engine.Rule{Policy: engine.DropOldest, Bytes: 3000}
	large := strings.Repeat("x", 5000)
	w.slow.Stall(true)
	w.publish(engine.NewText(rule, []byte("small")))
	w.publish(engine.NewText(rule, []byte(large))) // always admitted, alone
	w.wants(large)
}

// What must not be dropped stays, in its place.
func TestDropOldestSparesOthers(t *testing.T) {
	w := newSlowWorld(t, engine.Config{QueueFrames: 6})
	rule := &engine.Rule{Policy: engine.DropOldest}
	w.slow.Stall(true)
	for i, r := range []*engine.Rule{engine.Protocol, rule, engine.Event, rule, engine.Protocol, rule, rule, rule, rule} {
		w.publish(engine.NewText(r, fmt.Append(nil, i)))
	}
	w.wants("0", "2", "4", "6", "7", "8")
}

// When nothing can be dropped any more the connection is closed.
func TestDropOldestClosesWhenOthersAreTooMany(t *testing.T) {
	w := newSlowWorld(t, engine.Config{QueueFrames: 4})
	rule := &engine.Rule{Policy: engine.DropOldest}
	w.slow.Stall(true)
	w.publish(engine.NewText(rule, []byte("x")))
	for range 5 {
		w.publish(event("y"))
	}
	w.wants("close 4100 too slow: more messages wait for you than may; read faster, or reconnect")
}

func TestConflateKeepsTheNewestOfEachTopic(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	rule := &engine.Rule{Policy: engine.Conflate}
	w.slow.Stall(true)
	for i := range 10_000 {
		channel, event := []string{"a", "b", "ab"}[i%3], []string{"", "b"}[i%2]
		w.publish(engine.NewTopic(rule, channel, event, fmt.Append(nil, i)))
	}
	w.wants(numbered(9994, 10_000)...)
	if got := w.loop.Snapshot().Dropped[engine.DropConflated]; got != 9994 {
		t.Errorf("counted %d drops, want 9,994", got)
	}
}

// Channels of a thousand names, some of which are quiet for a long time.
func TestConflateWithManyTopics(t *testing.T) {
	w := newSlowWorld(t, engine.Config{QueueFrames: 5000})
	rule := &engine.Rule{Policy: engine.Conflate}
	w.slow.Stall(true)
	var want []string
	for i := range 20_000 {
		topic := i % 1000
		if i >= 1000 {
			topic -= topic % 7 // all others were heard of once
		}
		if (topic%7 != 0 && i < 1000) || (topic%7 == 0 && i+7 >= 20_000-1000) {
			want = append(want, fmt.Sprintf("%d.%d", topic, i))
		}
		w.publish(engine.NewTopic(rule, fmt.Sprint(topic), "e", fmt.Appendf(nil, "%d.%d", topic, i)))
	}
	last := map[string]string{}
	for _, text := range want {
		topic, _, _ := strings.Cut(text, ".")
		last[topic] = text
	}
	want = slices.DeleteFunc(want, func(text string) bool {
		topic, _, _ := strings.Cut(text, ".")
		return last[topic] != text
	})
	w.wants(want...)
}

// Beyond a limit conflated frames are dropped like any others, oldest first.
func TestConflateIsBounded(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	rule := &engine.Rule{Policy: engine.Conflate, Frames: 3}
	w.slow.Stall(true)
	for i, topic := range []string{"a", "b", "c", "a", "d", "b"} {
		w.publish(engine.NewTopic(rule, topic, "e", fmt.Append(nil, i)))
	}
	w.wants("3", "4", "5")
}

// Frames that came before the socket stopped are conflated too, and nothing is
// for a connection that keeps up.
func TestConflateBeginsWithTheBacklog(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	rule := &engine.Rule{Policy: engine.Conflate}
	w.slow.Stall(true)
	for _, text := range numbered(0, 16) {
		deliver(w.loop, engine.NewTopic(rule, "c", "e", []byte(text)), w.to)
	}
	w.loop.Settle()
	w.wants("15")
	if diff := cmp.Diff(numbered(0, 16), texts(t, w.good.Received())); diff != "" {
		t.Errorf("the good one got (-want +got):\n%s", diff)
	}
}

// A frame of which a part is out is never dropped, whatever the policy.
func TestHalfSentFrameStays(t *testing.T) {
	f := func(name string, rule *engine.Rule, want ...string) {
		t.Helper()
		w := newSlowWorld(t, engine.Config{})
		w.slow.Limit(3)
		for _, text := range numbered(100, 200) {
			w.publish(engine.NewTopic(rule, "c", "e", []byte(text)))
		}
		t.Log(name)
		w.wants(want...)
	}
	f("drop-oldest", &engine.Rule{Policy: engine.DropOldest, Frames: 3}, "100", "198", "199")
	f("conflate", &engine.Rule{Policy: engine.Conflate}, "100", "199")
	f("conflate to one", &engine.Rule{Policy: engine.Conflate, Frames: 1}, "100", "199")
	f("disconnect", &engine.Rule{Frames: 3}, "100", "close 4100 too slow: more messages wait for you than may; read faster, or reconnect")
}

// A camera's frame may be larger than all limits: the newest is admitted beside
// one that is half sent.
func TestNewestIsAdmittedBesideAHalfSentOne(t *testing.T) {
	w := newSlowWorld(t, engine.Config{QueueBytes: 1000})
	rule := &engine.Rule{Policy: engine.Conflate}
	w.slow.Limit(500)
	var want []string
	for i := range 5 {
		text := strings.Repeat(fmt.Sprint(i), 2000)
		want = append(want, text)
		w.publish(engine.NewTopic(rule, "camera", "frame", []byte(text)))
	}
	w.wants(want[0], want[4])
}

func TestEachLimitClosesWithItsReason(t *testing.T) {
	f := func(limit engine.Limit, cfg engine.Config, rule *engine.Rule, wait time.Duration, reason string) {
		t.Helper()
		closed := make(chan engine.Cause, 2)
		l := enginetest.New(cfg, echo{closed: closed})
		peers, handles := open(t, l, 1)
		peers[0].Stall(true)
		for range 5 {
			deliver(l, engine.NewText(rule, []byte("0123456789")), handles)
			l.Settle()
		}
		l.Advance(wait)
		peers[0].Stall(false)
		want := []string{"close 4100 too slow: " + reason}
		if diff := cmp.Diff(want, messages(t, peers[0].Received())); diff != "" {
			t.Errorf("%v (-want +got):\n%s", limit, diff)
			return
		}
		if got := <-closed; got != engine.CauseSlow {
			t.Errorf("%v: cause %v", limit, got)
		}
		s := l.Snapshot()
		if s.SlowClosed[limit] != 1 || s.Dropped[engine.DropClosed] == 0 {
			t.Errorf("%v: counted %v, %v", limit, s.SlowClosed, s.Dropped)
		}
	}
	const (
		bytes  = "more bytes wait for you than may; read faster, or reconnect"
		frames = "more messages wait for you than may; read faster, or reconnect"
		age    = "a message has waited for you longer than it may; reconnect"
	)
	f(engine.LimitBytes, engine.Config{QueueBytes: 50}, engine.Event, 0, bytes)
	f(engine.LimitBytes, engine.Config{}, &engine.Rule{Bytes: 50}, 0, bytes)
	f(engine.LimitFrames, engine.Config{QueueFrames: 4}, engine.Event, 0, frames)
	f(engine.LimitFrames, engine.Config{}, &engine.Rule{Frames: 4}, 0, frames)
	f(engine.LimitAge, engine.Config{QueueAge: 3 * time.Second}, engine.Event, 5*time.Second, age)
	f(engine.LimitAge, engine.Config{}, &engine.Rule{Age: 3 * time.Second}, 5*time.Second, age)
	f(engine.LimitAge, engine.Config{}, engine.Event, 32*time.Second, age)
}

// Ages count from when a frame began to wait, so a stall that is shorter than
// the limit costs nothing.
func TestShortStallCostsNothing(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	for i := range 5 {
		w.slow.Stall(true)
		w.publish(event(fmt.Sprint(i)))
		w.loop.Advance(20 * time.Second)
		w.wants(fmt.Sprint(i))
	}
}

func TestExpiredFramesAreDropped(t *testing.T) {
	w := newSlowWorld(t, engine.Config{QueueAge: time.Hour})
	old, young := &engine.Rule{Policy: engine.DropOldest, Age: 10 * time.Second}, &engine.Rule{Policy: engine.Conflate, Age: 3 * time.Second}
	w.slow.Stall(true)
	for i := range 20 {
		w.publish(engine.NewText(old, fmt.Append(nil, "old", i)))
		w.publish(engine.NewTopic(young, "c", fmt.Sprint(i), fmt.Append(nil, "young", i)))
		w.publish(engine.NewText(engine.Protocol, fmt.Append(nil, "protocol", i)))
		w.loop.Advance(time.Second)
	}
	var want []string
	for i := range 20 {
		if i >= 10 {
			want = append(want, fmt.Sprint("old", i))
		}
		if i >= 17 {
			want = append(want, fmt.Sprint("young", i))
		}
		want = append(want, fmt.Sprint("protocol", i))
	}
	w.wants(want...)
	if got := w.loop.Snapshot().Dropped[engine.DropExpired]; got != 10+17 {
		t.Errorf("counted %d drops, want 27", got)
	}
}

// A frame of which a part is out does not expire.
func TestHalfSentFrameDoesNotExpire(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	rule := &engine.Rule{Policy: engine.DropOldest, Age: time.Second}
	w.slow.Limit(3)
	for _, text := range numbered(0, 3) {
		w.publish(engine.NewText(rule, []byte("number "+text)))
	}
	w.loop.Advance(10 * time.Second)
	w.wants("number 0")
}

// Equal rules share an account, whoever made them; different names do not.
func TestRulesAreCountedByWhatTheySay(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	w.slow.Stall(true)
	for i := range 10 {
		name := []string{"a-*", "b-*"}[i%2]
		w.publish(engine.NewText(&engine.Rule{Name: name, Policy: engine.DropOldest, Frames: 2}, fmt.Append(nil, i)))
	}
	w.wants("6", "7", "8", "9")
}

// Who takes nothing for a second is slow; a moment's full buffer is not.
func TestSlowConnectionsAreCounted(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	slow := func(want uint64) {
		t.Helper()
		if got := w.loop.Snapshot().Slow; got != want {
			t.Errorf("%d slow connections, want %d", got, want)
		}
	}
	slow(0)
	w.slow.Stall(true)
	w.publish(event("x"))
	w.loop.Advance(time.Second)
	slow(0)
	w.loop.Advance(5 * time.Second)
	slow(1)
	w.wants("x")
	w.loop.Advance(time.Second)
	slow(0)
}

// A backlog that was thinned out is written down as it stands.
func TestStateOfAThinnedBacklog(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	rule := &engine.Rule{Policy: engine.Conflate}
	w.slow.Limit(1)
	for i := range 100 {
		w.publish(engine.NewTopic(rule, "c", fmt.Sprint(i%3), fmt.Append(nil, i)))
		w.publish(engine.NewText(engine.Protocol, fmt.Append(nil, i)))
	}
	next := w.loop.Dial()
	if err := next.Conn().Adopt(stateOf(t, w.slow), echoReceiver{}, nil); err != nil {
		t.Fatal(err)
	}
	w.loop.Settle()
	got := messages(t, append(w.slow.Received(), next.Received()...))
	if len(got) != 1+100+3 || got[0] != "0" || !slices.Contains(got, "97") {
		t.Errorf("got %d messages: %q", len(got), got)
	}
}

// failer is what tests and rapid's checks have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Who was closed for slowness and wakes up late still reads why, and who never
// does is cut off in the end.
func TestSlowOneReadsWhyWhenItWakesUp(t *testing.T) {
	l := enginetest.New(engine.Config{QueueFrames: 8, QueueAge: 20 * time.Second, CloseTimeout: 2 * time.Second}, echo{})
	peers, handles := open(t, l, 2)
	for _, p := range peers {
		p.Stall(true)
	}
	for i := range 20 {
		deliver(l, event(fmt.Sprint(i)), handles)
		l.Settle()
	}
	l.Advance(15 * time.Second)
	peers[0].Stall(false)
	if got := peers[0].Received(); len(got) < 4 || got[0] != 0x88 || got[2] != 4100>>8 || got[3] != 4100&0xff {
		t.Errorf("woken after 15 s it got %q, want a close frame 4100", got)
	}
	l.Advance(4 * time.Second)
	if !peers[0].Closed() || peers[1].Closed() {
		t.Errorf("after 19 s closed: the woken one %v, want true; the sleeper %v, want false", peers[0].Closed(), peers[1].Closed())
	}
	l.Advance(4 * time.Second)
	if !peers[1].Closed() {
		t.Error("after 23 s the sleeper is still there")
	}
}
