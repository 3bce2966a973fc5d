package main

import (
	"context"
	"errors"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

const (
	// pingTolerance is how late a ping may be: a server looks at its
	// connections every so often, and the machine may be busy.
	pingTolerance = 3 * time.Second
	// pongLimit is how long a server waits for the answer to its ping.
	pongLimit = 30 * time.Second
)

// allow gives the check more time than its limit. It must come before the
// first connection.
func (t *T) allow(limit time.Duration) {
	ctx, cancel := context.WithTimeout(t.base, limit)
	t.ctx, t.limit = ctx, limit
	t.closeLater(cancel)
}

// silent connects to the app with the shortest activity timeout, and gives the
// check that many times this timeout and some more to wait.
func (t *T) silent(idles int, more time.Duration) *client {
	probe := t.connect(silentApp)
	t.allow(time.Duration(idles)*probe.idle + more + t.limit)
	return t.connect(silentApp)
}

// isPing reports whether f is a ping of either kind.
func (c *client) isPing(f wire.Frame) bool {
	return f.Op == wire.OpPing || f.Op == wire.OpText && c.parse(f).Event == "pusher:ping"
}

// awaitPing reads until a ping comes, which must be before limit, and returns
// when it came. Other frames count for nothing: a client hears them in silence.
func (c *client) awaitPing(limit time.Time) time.Time {
	for {
		f, err := c.conn.ReadUntil(limit)
		if errors.Is(err, wire.ErrQuiet) {
			c.t.fatalf("no ping came within activity_timeout (%v) + %v", c.idle, pingTolerance)
		}
		c.t.check(err, "wait for a ping")
		if c.isPing(f) {
			return time.Now()
		}
		if f.Op == wire.OpClose {
			c.t.fatalf("got %s, want a ping", c.describe(f))
		}
	}
}

func con24(t *T) {
	c := t.silent(3, 2*pingTolerance)
	since := time.Now()
	at := c.awaitPing(since.Add(c.idle + pingTolerance))
	if early := at.Sub(since); early < c.idle*9/10 {
		t.fatalf("the ping came after %v of silence, before the activity_timeout of %v", early, c.idle)
	}
	// Incoming traffic is not activity of the client: it must be pinged too.
	listener, speaker := t.connect(silentApp), t.connect(silentApp)
	room := t.name("private-")
	listener.subscribeSigned(room)
	speaker.subscribeSigned(room)
	limit := time.Now().Add(listener.idle + pingTolerance)
	for time.Now().Before(limit) {
		speaker.send("client-x", room, map[string]any{})
		if listener.pingedUntil(time.Now().Add(listener.idle / 5)) {
			return
		}
	}
	t.fatalf("a client that only listens got no ping within activity_timeout (%v) + %v", listener.idle, pingTolerance)
}

// pingedUntil reads until the given time and reports whether a ping came.
func (c *client) pingedUntil(limit time.Time) bool {
	for {
		f, err := c.conn.ReadUntil(limit)
		if errors.Is(err, wire.ErrQuiet) {
			return false
		}
		c.t.check(err, "read on")
		if c.isPing(f) {
			return true
		}
		if f.Op == wire.OpClose {
			c.t.fatalf("got %s, want the connection to stay open", c.describe(f))
		}
	}
}

func con25(t *T) {
	c := t.silent(1, pingTolerance+pongLimit+pingTolerance)
	at := c.awaitPing(time.Now().Add(c.idle + pingTolerance))
	for {
		f, err := c.conn.ReadUntil(at.Add(pongLimit + pingTolerance))
		if errors.Is(err, wire.ErrQuiet) {
			t.fatalf("the connection is open %v after an unanswered ping, want close 4201", pongLimit+pingTolerance)
		}
		t.check(err, "wait for the close frame")
		if f.Op != wire.OpClose {
			continue
		}
		cl, err := wire.ParseClose(f.Payload)
		t.check(err, "read the close frame")
		if waited := time.Since(at); cl.Code != 4201 || waited < pongLimit-time.Second {
			t.fatalf("got close %d %q %v after the ping, want 4201 after %v", cl.Code, cl.Reason, waited, pongLimit)
		}
		c.hangsUp(f.Payload)
		return
	}
}

// On a busy machine a server may hear too late what was said in time, and ping
// one client of three. A server to which it does not count pings each of them.
func con26(t *T) {
	const tries = 3
	idle := t.silent(7*tries, pingTolerance).idle // twice for each way to speak, and once for the end
	for range tries {
		if c := t.connect(silentApp); !c.pingedWhileSpeaking() {
			c.awaitPing(time.Now().Add(c.idle + pingTolerance))
			return
		}
	}
	t.fatalf("each of %d clients was pinged although it had spoken within the activity_timeout of %v", tries, idle)
}

// pingedWhileSpeaking speaks in several ways, in each for twice the activity
// timeout, and reports whether a ping came.
func (c *client) pingedWhileSpeaking() bool {
	room := c.t.name("private-")
	c.subscribeSigned(room)
	for _, say := range []func(){
		func() { c.send("client-x", room, map[string]any{}) }, // nothing comes back
		func() { c.ask(c.t.name("public-"), "", "") },
		func() { c.t.check(c.conn.Send(wire.OpPing, nil), "send a ping") },
	} {
		for end := time.Now().Add(2 * c.idle); time.Now().Before(end); {
			say()
			if c.pingedUntil(time.Now().Add(c.idle / 5)) {
				return true
			}
		}
	}
	return false
}
