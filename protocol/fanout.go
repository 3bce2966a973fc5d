package protocol

import (
	"sync"

	"fanfare/channels"
	"fanfare/engine"
)

// NewRegistry makes a registry of channels over n loops. loop finds one by its
// index and is asked each time, because an engine makes its loops as it
// starts. A sink's index is its wire format's number.
func NewRegistry(n int, loop func(i int) *engine.Loop, sinks ...channels.Sink) *channels.Registry {
	boxes := make([]*mailbox, n)
	ways := make([]channels.Mailbox, n)
	for i := range n {
		boxes[i] = &mailbox{loop: loop, index: i}
		ways[i] = boxes[i]
	}
	r := channels.New(channels.Config{Mailboxes: ways, Sinks: sinks})
	for _, b := range boxes {
		b.registry = r
	}
	return r
}

// mailbox fulfils channels.Mailbox with a loop. Static after NewRegistry.
type mailbox struct {
	loop     func(i int) *engine.Loop
	index    int
	registry *channels.Registry
}

func (m *mailbox) Reserve(bytes int) bool { return m.loop(m.index).Reserve(bytes) }

func (m *mailbox) Release(bytes int) { m.loop(m.index).Release(bytes) }

func (m *mailbox) Post(d channels.Delivery) {
	t := deliveries.Get().(*delivery)
	t.registry, t.what = m.registry, d
	m.loop(m.index).PostDelivery(t)
}

// delivery carries one channels.Delivery through a loop's mailbox.
type delivery struct {
	registry *channels.Registry
	what     channels.Delivery
}

// deliveries spares an allocation per message and loop.
var deliveries = sync.Pool{New: func() any { return new(delivery) }}

// Run is called on the loop. The record goes back before the sink is called,
// which may panic.
func (t *delivery) Run(*engine.Loop) {
	registry, what := t.registry, t.what
	*t = delivery{}
	deliveries.Put(t)
	registry.Run(what)
}
