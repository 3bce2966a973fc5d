package pusher

import (
	"testing"
	"testing/synctest"
	"time"

	"fanfare/channels/apps"
)

const late = "close 4009 Connection not authorized within timeout"

func onProbation(a *apps.App) {
	a.AuthorizedConnections, a.AuthorizationTimeout, a.MaxConnections = true, 10*time.Second, 2
}

func TestAuthorizedConnections_CON30(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onProbation)
		idle, private, user, public := w.connect(), w.connect(), w.connect(), w.connect()
		private.join("private-x", "")
		user.become("7")
		public.join("news", "")
		<-time.After(5 * time.Second)
		second := w.connect()
		<-time.After(5*time.Second - time.Nanosecond)
		w.settled()
		idle.wants()
		<-time.After(time.Nanosecond)
		w.settled()
		idle.wants(late)
		public.wants(late)
		private.wants()
		user.wants()
		second.wants()
		<-time.After(5 * time.Second)
		w.settled()
		second.wants(late)
		private.wants()
	})
}

// settled lets timers do what is due, and the loop what they ask for.
func (w *world) settled() {
	synctest.Wait()
	w.loop.Settle()
}

func TestProbationIsNotCounted_CON31(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onProbation)
		var all []*client
		for range 5 {
			all = append(all, w.connect())
		}
		live := w.tenants.Of(w.app)
		if n := live.Connections(); n != 0 {
			t.Errorf("%d connections counted", n)
		}
		all[0].become("1")
		all[1].join("private-x", "")
		all[1].join("private-y", "") // once authorized it counts once
		if n := live.Connections(); n != 2 {
			t.Errorf("%d connections counted, want 2", n)
		}
		const full = "close 4004 app has its maximum of 2 connections open"
		all[2].do(all[2].subscribe("private-x", ""))
		all[2].wants(full)
		more := w.connect()
		more.do(more.signin(`{"id":"more"}`))
		more.wants(full)
		if n := w.server.cfg.Users.Len(); n != 1 {
			t.Errorf("%d users are signed in, want 1", n)
		}
		all[0].peer.Hangup()
		more.peer.Hangup()
		w.loop.Settle()
		all[3].become("3")
		<-time.After(10 * time.Second)
		w.settled()
		all[4].wants(late)
		for _, c := range all {
			c.peer.Hangup()
		}
		w.loop.Settle()
		w.nothingLeft()
	})
}

// Who proves who it is and is refused nevertheless does not count.
func TestARefusalEndsNoProbation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(a *apps.App) {
			onProbation(a)
			a.Limits.PresenceMembers, a.Limits.ConnectionsPerUser = 1, 1
		})
		member := w.connect()
		member.join("presence-x", `{"user_id":"1"}`)
		member.become("1")
		c := w.connect()
		c.do(c.subscribe("presence-x", `{"user_id":"2"}`), c.signin(`{"id":"1"}`))
		if got := c.read(); len(got) != 3 {
			t.Errorf("received %q", got)
		}
		if n := w.tenants.Of(w.app).Connections(); n != 1 {
			t.Errorf("%d connections counted, want 1", n)
		}
		<-time.After(10 * time.Second)
		w.settled()
		c.wants(late)
		member.wants()
	})
}

func TestReload(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.join("private-x", "")
	changed := apps.New("3", testKey, "another secret")
	changed.ClientEvents = false
	w.server.Changed("3", changed)
	w.loop.Settle()
	c.write(`{"event":"client-e","channel":"private-x"}`)
	c.wants(pusherError("null", "Client event rejected: client events are not enabled for this app"))
	c.do(c.subscribe("private-y", ""))
	if got := c.read(); len(got) != 2 {
		t.Errorf("signed with the old secret: %q", got)
	}
	w.server.Changed("4", nil)
	w.loop.Settle()
	c.wants()
}

func TestRemovedAndDisabledApps_CON13(t *testing.T) {
	disabled := apps.New("3", testKey, testSecret)
	disabled.Enabled = false
	for text, now := range map[string]*apps.App{"app was removed": nil, "app was disabled": disabled} {
		w := newWorld(t, nil)
		all := make([]*client, closeAtOnce+10)
		for i := range all {
			all[i] = w.connect()
		}
		w.server.Changed("3", now)
		w.loop.Settle()
		for _, c := range all {
			c.wants("close 4003 " + text)
			c.peer.Hangup()
		}
		w.loop.Settle()
		w.nothingLeft()
	}
}
