package api

import (
	"errors"
	"strings"
	"sync/atomic"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/tenant"
)

// publication is a publish on its way, and the answer to whoever asked for it.
// Static, but for err and done.
type publication struct {
	tenant *tenant.Tenant
	home   *home
	loop   *engine.Loop
	handle engine.Handle
	answer []byte
	events uint64 // one for each channel

	done atomic.Bool // set by the first of: the completion, and the request that stops waiting for it
	err  error       // set before done
}

// send publishes the loop's list of events and answers when that is done, which
// is at once, or later if somebody has to be waited for.
func (k *call) send(answer []byte) {
	ms := k.messages()
	p := &publication{
		tenant: k.Tenant, home: k.home, loop: k.conn.Loop(), handle: k.conn.Handle(),
		answer: answer, events: uint64(len(ms)),
	}
	if r := k.home.server.cfg.Registry; len(ms) == 1 {
		r.Publish(&ms[0], p.complete)
	} else {
		r.PublishAll(pointers(ms), p.complete)
	}
	p.await(k.conn)
}

func pointers(ms []channels.Message) []*channels.Message {
	list := make([]*channels.Message, len(ms))
	for i := range ms {
		list[i] = &ms[i]
	}
	return list
}

// await answers, or parks the request until complete is called.
func (p *publication) await(c *engine.Conn) {
	if p.done.Swap(true) {
		p.finish(c)
		return
	}
	c.Park()
}

// messages makes the messages, one for each channel of each event, from copies
// of what the parser lends.
func (k *call) messages() []channels.Message {
	h := k.home
	n := 0
	for i := range h.events {
		n += len(h.events[i].channels)
	}
	ms, next := make([]channels.Message, n), 0
	for i := range h.events {
		e := &h.events[i]
		name, data, _ := borrow.Keep(e.name, e.data, "")
		for _, channel := range e.channels {
			m := &ms[next]
			next++
			m.App, m.Channel, m.Kind = k.App.ID, strings.Clone(channel), channels.Event
			m.Event, m.Data, m.Except = name, data, e.except
		}
	}
	return ms
}

// complete is called by the registry, once, by any goroutine.
func (p *publication) complete(err error) {
	p.err = err
	if p.done.Swap(true) {
		p.loop.Post(p)
	}
}

// Run implements engine.Task: the answer to a request that was parked.
func (p *publication) Run(l *engine.Loop) {
	c := l.Conn(p.handle)
	if c != nil && !c.Parked() {
		c = nil
	}
	p.finish(c)
}

// finish counts what became of the publish and answers, unless nobody waits any
// more: then c is nil.
func (p *publication) finish(c *engine.Conn) {
	no := p.refusal()
	if no == nil {
		p.tenant.Counters.Publishes.Add(p.events)
	} else {
		p.tenant.Live.Refuse(no.why)
	}
	switch {
	case c == nil:
	case no == nil:
		p.home.ok(c, p.answer)
	default:
		p.home.refuse(c, no)
	}
}

func (p *publication) refusal() *refusal {
	switch {
	case p.err == nil:
		return nil
	case errors.Is(p.err, channels.ErrBusy):
		return errOverloaded
	}
	return refusef(503, apps.RefusedOverload, "cannot publish: %v", p.err)
}
