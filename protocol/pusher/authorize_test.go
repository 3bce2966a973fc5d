package pusher

import (
	"fmt"
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

// Who was on probation when the app gave it up counts from its end.
func TestProbationIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onProbation)
		c, other := w.connect(), w.connect()
		other.become("1")
		off := apps.New("3", testKey, testSecret)
		off.MaxConnections = 2
		w.server.Changed("3", w.app, off)
		<-time.After(10 * time.Second)
		w.settled()
		c.wants()
		if n := w.tenants.Of(w.app).Connections(); n != 2 {
			t.Errorf("%d connections counted, want 2", n)
		}
	})
}

// A connection is opened once and refused once, whatever else it has asked for.
func TestProbationIsCountedOnce(t *testing.T) {
	w := newWorld(t, func(a *apps.App) { a.AuthorizedConnections, a.MaxConnections = true, 1 })
	c := w.connect()
	for range 5 {
		c.do(c.subscribe("presence-x", `{"user_id":""}`))
	}
	c.read()
	c.join("private-x", "")
	late := w.connect()
	var all []string
	for i := range 5 {
		all = append(all, late.subscribe(fmt.Sprint("private-", i), ""))
	}
	late.do(all...)
	if got := late.read(); len(got) != 1 {
		t.Errorf("received %q", got)
	}
	live := w.tenants.Of(w.app)
	if n := live.Totals().Opened; n != 1 {
		t.Errorf("%d connections were opened, want 1", n)
	}
	for why, n := range live.Refused() {
		if why == apps.RefusedQuota && n != 1 {
			t.Errorf("refused for the quota: %d, want 1", n)
		}
	}
	if n := w.server.Stats().Closed[codeQuota]; n != 1 {
		t.Errorf("%d sessions closed with 4004, want 1", n)
	}
}
