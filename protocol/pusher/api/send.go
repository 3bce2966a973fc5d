package api

import (
	"slices"
	"strings"
	"time"

	"fanfare/channels"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
)

// send publishes the loop's list of events and answers when that is done, which
// is at once, or later if somebody has to be waited for. A nil answer is 202
// with nothing.
func (k *call) send(answer []byte) *refusal {
	n := 0
	for i := range k.home.events {
		n += len(k.home.events[i].channels)
	}
	if no := k.takeEvents(n); no != nil {
		return no
	}
	ms, p := k.messages(n), k.pending(answer)
	p.events = uint64(n)
	if r := k.home.server.cfg.Registry; n == 1 {
		r.Publish(ms[0], p.complete)
	} else {
		r.PublishAll(slices.Clone(ms), p.complete)
	}
	p.await(k.conn)
	return nil
}

// messages makes the n messages, one for each channel of each event, from copies
// of what the request lends. The list is the loop's.
func (k *call) messages(n int) []*channels.Message {
	h := k.home
	together := make([]channels.Message, n)
	for i := range h.events {
		e := &h.events[i]
		name, data, _ := borrow.Keep(e.name, e.data, "")
		for _, channel := range e.channels {
			m := &together[len(h.messages)]
			retain := k.retain(channel)
			if retain > 0 && n > 1 {
				m = new(channels.Message) // who keeps it must not keep the others with it
			}
			m.App, m.Channel, m.Kind = k.App.ID, strings.Clone(channel), channels.Event
			m.Event, m.Data, m.Except, m.Retain = name, data, e.except, retain
			h.messages = append(h.messages, m)
		}
	}
	return h.messages
}

// retain is how long a channel keeps an event for those who join later.
func (k *call) retain(channel string) time.Duration {
	if names.KindOf(channel).Cached() {
		return k.App.Limits.CachedEventLife
	}
	return 0
}
