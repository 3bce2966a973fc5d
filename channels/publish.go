package channels

import (
	"errors"
	"math/bits"
)

// ErrBusy refuses a message because a loop that it would have to reach is too
// far behind. Nobody got it; it may be published again later.
var ErrBusy = errors.New("a loop's mailbox is full: publish again later")

// Publish puts a message on its channel and calls done, which may be nil,
// exactly once: with nil when every subscriber will get it, or with [ErrBusy]
// when nobody will. Today it does so before it returns; a cluster or a durable
// history may have to be waited for one day. Messages that one goroutine
// publishes one after the other are delivered in that order. Call it from any
// goroutine.
func (r *Registry) Publish(m *Message, done func(error)) {
	err := r.publish(m, nil)
	if done != nil {
		done(err)
	}
}

// PublishAll publishes several messages in their order, all of them or, with
// [ErrBusy], none. Other publishers' messages may come between them. See
// [Registry.Publish] for the rest.
func (r *Registry) PublishAll(ms []*Message, done func(error)) {
	err := r.publishAll(ms)
	if done != nil {
		done(err)
	}
}

// Announce puts a message on its channel that is never refused, as those about
// members are not: for what is small and rare. Any goroutine.
func (r *Registry) Announce(m *Message) {
	m.prepare(len(r.sinks))
	for c := r.find(m.App, m.Channel); c != nil; c = r.find(m.App, m.Channel) {
		if r.announce(c, m) {
			return
		}
		r.remove(c)
	}
}

// announce reports false when the channel has vanished.
func (r *Registry) announce(c *channel, m *Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dead {
		r.postLocked(c, m, 0)
	}
	return !c.dead
}

// publishAll reserves room for the whole on every loop, because subscribers
// come and go between one channel and the next, and returns what was too much.
func (r *Registry) publishAll(ms []*Message) error {
	total := 0
	for _, m := range ms {
		total += m.Cost()
	}
	if err := r.reserveEverywhere(total); err != nil {
		return err
	}
	room := make([]int, len(r.mailboxes))
	for loop := range room {
		room[loop] = total
	}
	defer r.giveBack(room)
	for _, m := range ms {
		if err := r.publish(m, room); err != nil {
			return err
		}
	}
	return nil
}

// publish puts a message on its channel, using the room that is reserved on
// each loop, or else reserving its own.
func (r *Registry) publish(m *Message, room []int) error {
	if m.Serial != 0 {
		panic("channels: message published twice: make a new one")
	}
	m.prepare(len(r.sinks))
	if m.Retain > 0 {
		m.weigh()
	}
	for {
		c := r.target(m)
		if c == nil {
			return nil
		}
		r.encode(m, c.formats.Load())
		alive, err := r.post(c, m, room)
		if alive {
			if m.Retain > 0 {
				r.makeRoom()
			}
			return err
		}
		r.remove(c)
	}
}

// target returns the channel, or nil when there is none and none is needed.
func (r *Registry) target(m *Message) *channel {
	if m.Retain > 0 {
		return r.obtain(m.App, m.Channel)
	}
	return r.find(m.App, m.Channel)
}

// encode makes the encodings that will probably be needed, so that it doesn't
// have to be done under the lock or by a loop with subscribers waiting.
func (r *Registry) encode(m *Message, formats uint32) {
	for ; formats != 0; formats &= formats - 1 {
		format := uint8(bits.TrailingZeros32(formats))
		m.encoded(format, r.sinks[format])
	}
}

// post does all of a publish that has to be one step on the channel. It reports
// false when the channel has vanished.
func (r *Registry) post(c *channel, m *Message, room []int) (alive bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false, nil
	}
	cost := m.Cost()
	if room != nil {
		c.useLocked(room, cost)
	} else if !r.reserveLocked(c, cost) {
		return true, ErrBusy
	}
	if m.Retain > 0 {
		r.keepLocked(c, m)
	}
	r.postLocked(c, m, cost)
	return true, nil
}

// postLocked gives the message the channel's next serial and posts it to every
// place that has subscribers. The first place of each loop carries the cost,
// for which room is reserved.
func (r *Registry) postLocked(c *channel, m *Message, cost int) {
	c.serial++
	m.Serial = c.serial
	for i := range c.places {
		d := Delivery{list: c.places[i].list, message: m}
		if c.leadsLocked(i) {
			d.reserved = cost
		}
		r.mailboxes[c.places[i].place.Loop].Post(d)
	}
}

// reserveLocked makes room on every loop that has subscribers, or on none.
func (r *Registry) reserveLocked(c *channel, cost int) bool {
	for i := range c.places {
		if !c.leadsLocked(i) || r.mailboxes[c.places[i].place.Loop].Reserve(cost) {
			continue
		}
		for j := range i {
			if c.leadsLocked(j) {
				r.mailboxes[c.places[j].place.Loop].Release(cost)
			}
		}
		return false
	}
	return true
}

// reserveEverywhere makes room on every loop, or on none.
func (r *Registry) reserveEverywhere(bytes int) error {
	for i, mailbox := range r.mailboxes {
		if mailbox.Reserve(bytes) {
			continue
		}
		for _, reserved := range r.mailboxes[:i] {
			reserved.Release(bytes)
		}
		return ErrBusy
	}
	return nil
}

// giveBack gives back the room that was not used.
func (r *Registry) giveBack(room []int) {
	for loop, bytes := range room {
		if bytes > 0 {
			r.mailboxes[loop].Release(bytes)
		}
	}
}
