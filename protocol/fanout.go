package protocol

import (
	"sync"

	"fanfare/channels"
	"fanfare/channels/users"
	"fanfare/engine"
)

// NewRegistry makes a registry of channels over n loops, whose mailboxes it adds
// to the config. loop finds one by its index and is asked each time, because an
// engine makes its loops as it starts.
func NewRegistry(n int, loop func(i int) *engine.Loop, cfg channels.Config) *channels.Registry {
	boxes := make([]*mailbox, n)
	ways := make([]channels.Mailbox, n)
	for i := range n {
		boxes[i] = &mailbox{loop: loop, index: i}
		ways[i] = boxes[i]
	}
	cfg.Mailboxes = ways
	r := channels.New(cfg)
	for _, b := range boxes {
		b.registry = r
	}
	return r
}

// BindUsers gives users a registry of their own over the same loops. The sinks
// are of the same wire formats as those of the channels, in the same order.
func BindUsers(u *users.Users, n int, loop func(i int) *engine.Loop, sinks ...channels.Sink) {
	u.Bind(NewRegistry(n, loop, channels.Config{Sinks: sinks, Witness: u.Witness}))
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
