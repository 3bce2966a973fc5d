package channels

import (
	"errors"
	"fmt"
	"testing"
)

// What clients with nothing but an app's public key can make the registry hold has a bound.
func TestSubscriptionsAreBounded(t *testing.T) {
	const most = 7 // of which each of two loops has four: what does not divide is rounded up
	w := newWorld(t, 2, 1)
	w.Registry = New(Config{Mailboxes: w.mailboxes, Sinks: w.sinks, MaxSubscriptions: most})
	ask := func(loop uint16, i int) (*Subscription, error) {
		return w.Subscribe(Join{App: "app", Channel: fmt.Sprint("room", i), Place: Place{Loop: loop}, Handle: Handle(i + 1)})
	}
	var held []*Subscription
	for i := range 4 {
		s, err := ask(0, i)
		if err != nil {
			t.Fatalf("subscription %d: %v", i, err)
		}
		held = append(held, s)
	}
	if _, err := ask(0, 4); !errors.Is(err, ErrCrowded) {
		t.Errorf("one too many: %v", err)
	}
	if n := w.Stats().Channels; n != 4 {
		t.Errorf("%d channels, want 4: who was refused leaves none behind", n)
	}
	if _, err := ask(1, 5); err != nil {
		t.Errorf("on another loop: %v", err)
	}
	w.Unsubscribe(held[0])
	if _, err := ask(0, 6); err != nil {
		t.Errorf("when another has gone: %v", err)
	}
}
