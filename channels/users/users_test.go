package users

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"fanfare/channels"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const delay = 3 * time.Second

// world is a set of users on one loop, which runs when the test says so.
type world struct {
	*testing.T
	*Users

	mu    sync.Mutex
	queue []channels.Delivery // guarded by mu

	told []string // what handles were told
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, Users: New(delay)}
	t.Cleanup(w.Stop)
	w.Bind(channels.New(channels.Config{
		Mailboxes: []channels.Mailbox{w}, Sinks: []channels.Sink{w}, Witness: w.Witness,
	}))
	return w
}

func (*world) Reserve(int) bool                                       { return false } // nothing about users may be refused
func (*world) Release(int)                                            {}
func (*world) Encode(m *channels.Message) any                         { return m.Event + " " + m.UserID }
func (*world) EncodeMembers([]*channels.Member) any                   { return nil }
func (*world) Joined(int, *channels.Subscription, *channels.Snapshot) {}
func (w *world) Deliver(_ int, _ *channels.Message, text any, to []uint64) {
	for _, h := range to {
		w.told = append(w.told, fmt.Sprint(h, " ", text))
	}
}

func (w *world) Post(d channels.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, d)
}

func (w *world) take() (d channels.Delivery, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ok = len(w.queue) > 0; ok {
		d, w.queue = w.queue[0], w.queue[1:]
	}
	return d, ok
}

func (w *world) signIn(h uint64, app, user string) *channels.Subscription {
	w.Helper()
	s, err := w.SignIn(&SignIn{App: app, User: user, Handle: h, Max: 2})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// watch has a handle watch bob.
func (w *world) watch(h uint64, app string) *channels.Subscription {
	w.Helper()
	s, err := w.Watch(app, "bob", channels.Place{}, h)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// expect compares what was told since the last time.
func (w *world) expect(want ...string) {
	w.Helper()
	synctest.Wait()
	for d, ok := w.take(); ok; d, ok = w.take() {
		w.registry.Run(d)
	}
	slices.Sort(w.told)
	if !slices.Equal(w.told, want) {
		w.Errorf("told %q, want %q", w.told, want)
	}
	w.told = nil
}

func TestWhoWatchesIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.watch(1, "app")
		stranger := w.watch(2, "other app")
		if Watched(stranger) != "bob" || w.Online("app", "bob") {
			t.Error("bob is online before he came")
		}
		first := w.signIn(10, "app", "bob")
		second := w.signIn(11, "app", "bob")
		w.expect("1 online bob")
		if !w.Online("app", "bob") || w.Online("other app", "bob") || w.Len() != 1 {
			t.Errorf("%d users online, want bob of the one app", w.Len())
		}
		w.End(first)
		w.expect()
		w.End(second)
		w.End(second)
		<-time.After(delay - time.Nanosecond)
		w.expect()
		if !w.Online("app", "bob") || w.Len() != 0 {
			t.Error("bob has just gone and counts as online, but is not here")
		}
		<-time.After(time.Nanosecond)
		w.expect("1 offline bob")
		if w.Online("app", "bob") {
			t.Error("bob is online after his delay")
		}
	})
}

func TestAReturnIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.watch(1, "app")
		for range 5 {
			w.End(w.signIn(10, "app", "bob"))
			<-time.After(delay / 2)
		}
		w.expect("1 online bob")
		<-time.After(delay)
		w.expect("1 offline bob")
	})
}

func TestTerminateReachesTheUserOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.signIn(10, "app", "bob")
		w.signIn(11, "app", "bob")
		w.signIn(12, "other app", "bob")
		w.signIn(13, "app", "ann")
		w.watch(14, "app")
		w.expect()
		done := 0
		for _, user := range []string{"bob", "nobody"} {
			w.Terminate("app", user, func(err error) {
				if err == nil {
					done++
				}
			})
		}
		w.expect("10 terminate bob", "11 terminate bob")
		if done != 2 {
			t.Errorf("done was called %d times, want 2", done)
		}
	})
}

func TestTooManyConnectionsOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.signIn(10, "app", "bob")
		w.signIn(11, "app", "bob")
		_, err := w.SignIn(&SignIn{App: "app", User: "bob", Handle: 12, Max: 2})
		var tooMany *TooManyError
		if !errors.As(err, &tooMany) || *tooMany != (TooManyError{User: "bob", Max: 2}) {
			t.Errorf("the third: %v", err)
		}
		w.End(first)
		w.signIn(12, "app", "bob")
	})
}
