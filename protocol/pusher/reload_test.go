package pusher

import (
	"context"
	"strings"
	"testing"

	"fanfare/channels/apps"
)

func TestReload(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.join("private-x", "")
	changed := apps.New("3", testKey, "another secret")
	changed.ClientEvents = false
	w.server.Changed("3", w.app, changed)
	w.loop.Settle()
	c.write(`{"event":"client-e","channel":"private-x"}`)
	c.wants(pusherError("null", "Client event rejected: client events are not enabled for this app"))
	c.do(c.subscribe("private-y", ""))
	if got := c.read(); len(got) != 2 {
		t.Errorf("signed with the old secret: %q", got)
	}
	w.server.Changed("4", w.app, nil)
	w.loop.Settle()
	c.wants()
}

func TestRemovedAndDisabledApps_CON13(t *testing.T) {
	disabled := apps.New("3", testKey, testSecret)
	disabled.Enabled = false
	for text, now := range map[string]*apps.App{"app was removed": nil, "app was disabled": disabled} {
		w := newWorld(t, nil)
		all := make([]*client, atOnce+10)
		for i := range all {
			all[i] = w.connect()
		}
		w.server.Changed("3", w.app, now)
		w.loop.Settle()
		for _, c := range all {
			c.wants("close 4003 " + text)
			c.peer.Hangup()
		}
		w.loop.Settle()
		w.nothingLeft()
	}
}

// What sessions were given when they came follows the record.
func TestLiveSessionsFollowTheRecord(t *testing.T) {
	now := apps.New("3", testKey, testSecret)
	now.Watchlists, now.SubscriptionCounts = false, true
	now.Limits.MessageSize, now.Limits.ClientEventData, now.Limits.PresenceUserInfo = 2048, 1024, 1024
	w := newWorld(t, nil)
	c, member := w.connect(), w.connect()
	c.do(c.signin(`{"id":"ann","watchlist":["bob"]}`), c.subscribe("news", ""))
	member.join("presence-x", `{"user_id":"1"}`)
	c.read()
	w.server.Changed("3", w.app, now)
	w.loop.Settle()
	const one = `{"event":"pusher_internal:subscription_count","channel":"news","data":"{\"subscription_count\":1}"}`
	c.wants(one)
	member.wants()
	w.connect().become("bob")
	c.wants()
	w.server.Changed("3", now, w.app) // counts off again
	w.server.Changed("3", nil, now)
	w.loop.Settle()
	c.wants(one)
	c.do(strings.Repeat("x", 4000))
	if got := c.read(); len(got) != 1 || !strings.HasPrefix(got[0], "close 1009") {
		t.Errorf("a message over the new limit: %.100q", got)
	}
}

// What an app's channels keep is not for who makes an app of the same id.
func TestRemovedAppLeavesNothing(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.Slow.Policy = apps.SlowDropOldest })
	w.cache("cache-x", "of the old app")
	w.server.Changed("3", w.app, nil)
	w.loop.Settle()
	if n := w.server.slow.byApp.Size(); n != 0 {
		t.Errorf("%d rules of apps that are gone", n)
	}
	c := w.connect()
	c.do(c.subscribe("cache-x", ""))
	c.wants(succeeded("cache-x"), miss("cache-x"))
}

// movingStore has to look every app up, and its record changes on the way.
type movingStore struct {
	apps.Store
	fetch func() *apps.App
	known bool // ByKey answers at once
	now   *apps.App
}

func (s *movingStore) ByKey(string) (*apps.App, apps.Answer) {
	switch {
	case !s.known:
		return nil, apps.Later
	case s.now == nil:
		return nil, apps.Unknown
	}
	return s.now, apps.Found
}

func (s *movingStore) FetchByKey(context.Context, string) (*apps.App, error) { return s.fetch(), nil }

// A record that was read before a change and comes after it is not used.
func TestALateRecordIsNotUsed(t *testing.T) {
	changed := apps.New("3", testKey, "a new secret")
	for _, now := range []*apps.App{changed, nil} {
		old := apps.New("3", testKey, testSecret)
		static, err := apps.NewStatic(old)
		if err != nil {
			t.Fatal(err)
		}
		store := &movingStore{Store: static, fetch: func() *apps.App { return old }}
		w := newWorldWith(t, Config{Apps: store}, old)
		first := w.dial(upgrade)
		w.work()
		first.hello()
		store.fetch = func() *apps.App {
			store.known, store.now = true, now
			w.server.Changed("3", w.app, now)
			w.loop.Settle()
			return old
		}
		store.known = false
		late := w.dial(upgrade)
		w.work()
		if now == nil {
			first.wants("close 4003 app was removed")
			if got := late.read(); len(got) != 2 || !strings.HasPrefix(got[1], "close 4001") {
				t.Errorf("the late one of a removed app got %q", got)
			}
			continue
		}
		late.hello()
		if s := first.peer.Conn().Receiver().(*session); s.tenant.App != now {
			t.Errorf("sessions have the secret %q again", s.tenant.App.Secret)
		}
	}
}
