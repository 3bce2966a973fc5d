package channels_test

import (
	"fmt"
	"os"

	"fanfare/channels"
)

// inbox is the mailbox of a loop that is the example itself. It is never full.
type inbox struct{ queue []channels.Delivery }

func (*inbox) Reserve(int) bool           { return true }
func (*inbox) Release(int)                {}
func (b *inbox) Post(d channels.Delivery) { b.queue = append(b.queue, d) }

// plain is a wire format for people.
type plain struct{}

func (plain) Encode(m *channels.Message) any {
	text := m.Event + ": " + m.Data
	return &text
}

func (plain) EncodeMembers([]*channels.Member) any { return nil }

func (plain) Deliver(_ int, m *channels.Message, encoded any, to []channels.Handle) {
	for _, h := range to {
		if h != channels.None && h != m.Except {
			fmt.Fprintf(os.Stdout, "to %d: %s\n", h, *encoded.(*string))
		}
	}
}

func (plain) Joined(_ int, s *channels.Subscription, _ *channels.Snapshot) {
	fmt.Fprintf(os.Stdout, "to %d: you are on %s\n", s.Handle(), s.Channel())
}

func Example() {
	loop := &inbox{}
	r := channels.New(channels.Config{
		Mailboxes: []channels.Mailbox{loop},
		Sinks:     []channels.Sink{plain{}},
	})
	for h := channels.Handle(1); h <= 2; h++ {
		if _, err := r.Subscribe(channels.Join{App: "shop", Channel: "news", Handle: h}); err != nil {
			fmt.Fprintln(os.Stdout, err)
		}
	}
	r.Publish(&channels.Message{App: "shop", Channel: "news", Event: "sale", Data: "today"}, nil)
	for _, d := range loop.queue {
		r.Run(d)
	}
	// Output:
	// to 1: you are on news
	// to 2: you are on news
	// to 1: sale: today
	// to 2: sale: today
}
