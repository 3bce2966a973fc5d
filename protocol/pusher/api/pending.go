package api

import (
	"errors"
	"sync/atomic"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol/pusher/tenant"
)

// pending is something on its way, and the answer to whoever asked for it.
// Static, but for err and done.
type pending struct {
	tenant *tenant.Tenant
	home   *home
	loop   *engine.Loop
	handle engine.Handle
	id     requestID
	answer []byte // nil for 202 with nothing
	events uint64 // that are published, one for each channel; 0 for other things

	done atomic.Bool // set by the first of: the completion, and the request that stops waiting for it
	err  error       // set before done
}

func (k *call) pending(answer []byte) *pending {
	return &pending{id: k.tag.kept(), tenant: k.Tenant, home: k.home, loop: k.conn.Loop(), handle: k.conn.Handle(), answer: answer}
}

// await answers, or parks the request until complete is called.
func (p *pending) await(c *engine.Conn) {
	if p.done.Swap(true) {
		p.finish(c)
		return
	}
	c.Park()
}

// complete is called once, by any goroutine.
func (p *pending) complete(err error) {
	p.err = err
	if p.done.Swap(true) {
		p.loop.Post(p)
	}
}

// Run implements engine.Task: the answer to a request that was parked.
func (p *pending) Run(l *engine.Loop) {
	c := l.Conn(p.handle)
	if c != nil && !c.Parked() {
		c = nil
	}
	p.finish(c)
}

// finish counts what became of it and answers, unless nobody waits any more:
// then c is nil.
func (p *pending) finish(c *engine.Conn) {
	no := p.refusal()
	if no == nil {
		p.tenant.Counters.Publishes.Add(p.events)
	} else {
		p.tenant.Live.Refuse(no.why)
	}
	p.home.answering = p.tenant.Counters
	defer func() { p.home.answering = nil }()
	switch {
	case c == nil:
	case no != nil:
		p.home.refuse(c, asker{p.id, p.tenant.App.ID}, no)
	case p.answer == nil:
		p.home.accepted(c, p.id)
	default:
		p.home.ok(c, p.id, p.answer)
	}
}

func (p *pending) refusal() *refusal {
	switch {
	case p.err == nil:
		return nil
	case p.events == 0:
		return refusef(503, apps.RefusedOverload, "cannot end the user's connections: %v; try again in a moment", p.err)
	case errors.Is(p.err, channels.ErrBusy):
		return errOverloaded
	}
	return refusef(503, apps.RefusedOverload, "cannot publish: %v", p.err)
}
