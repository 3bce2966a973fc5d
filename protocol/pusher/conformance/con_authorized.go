package main

import (
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// authorizationTime is what the app of conformance.toml gives anonymous
// connections, and authorizationTolerance what a busy machine adds.
const (
	authorizationTime      = 3 * time.Second
	authorizationTolerance = 5 * time.Second
)

// con30 has the anonymous ones come last, so that the time of the others is over
// when theirs is.
func con30(t *T) {
	private, presence, both, user := t.connect(authorizedApp), t.connect(authorizedApp), t.connect(authorizedApp), t.connect(authorizedApp)
	private.subscribeSigned(t.name("private-"))
	presence.join(t.name("presence-"), member("7", nil))
	both.subscribeSigned(t.name("private-encrypted-"))
	both.subscribe(t.name("public-"))
	user.signIn(userData(t.name("user-")))

	start := time.Now()
	idle, public, failed := t.connect(authorizedApp), t.connect(authorizedApp), t.connect(authorizedApp)
	public.subscribe(t.name("public-"))
	room, data := t.name("private-"), userData("7")
	failed.ask(room, failed.app.Key+":"+wrongSignature, "")
	failed.refused(room)
	failed.askSignIn(failed.app.Key+":"+wrongSignature, data)
	failed.refused("")
	for _, c := range []*client{idle, public, failed} {
		if cl, events := c.closed(); cl.Code != 4009 || cl.Reason == "" || len(events) > 0 {
			t.fatalf("an anonymous connection got %v and close %d %q, want close 4009 with a reason", events, cl.Code, cl.Reason)
		}
	}
	t.took(start, authorizationTime-time.Second, authorizationTime+authorizationTolerance)
	for _, c := range []*client{private, presence, both, user} {
		c.alive()
	}
}

// con31 runs on an app that may have one connection.
func con31(t *T) {
	var anonymous []*client
	for range 5 {
		anonymous = append(anonymous, t.connect(authorizedSingleApp))
	}
	first, second, third := anonymous[0], anonymous[1], anonymous[2]
	first.signIn(userData(t.name("user-")))
	t.connect(authorizedSingleApp).alive() // which is not counted, although the quota is used up
	second.mayNot(func() { second.askSigned(t.name("private-"), "") })
	third.mayNot(func() { third.askSignIn(userToken(third.app, third.id, userData("7")), userData("7")) })
	first.alive()
	t.check(first.conn.Close(), "disconnect")
	t.eventually("the place of a closed connection is free", func() bool {
		c, room := t.connect(authorizedSingleApp), t.name("private-")
		c.askSigned(room, "")
		f := c.frame()
		return f.Op == wire.OpText && c.parse(f).Event == "pusher_internal:subscription_succeeded"
	})
}

// mayNot proves that c is over the quota with what do authorises it for. It may
// be told first that this was right.
func (c *client) mayNot(do func()) {
	do()
	if cl, events := c.closed(); cl.Code != 4004 || len(events) > 1 {
		c.t.fatalf("one connection too many got %v and close %d %q, want close 4004", events, cl.Code, cl.Reason)
	}
}
