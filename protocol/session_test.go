package protocol

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"fanfare/channels"
	"fanfare/engine"
	"fanfare/engine/enginetest"
)

// deaf is a sink that nobody listens to.
type deaf struct{}

func (deaf) Encode(*channels.Message) any                           { return nil }
func (deaf) Deliver(int, *channels.Message, any, []channels.Handle) {}
func (deaf) Joined(int, *channels.Subscription, *channels.Snapshot) {}
func (deaf) EncodeMembers([]*channels.Member) any                   { return nil }

// pairOfSubs is a set and what should be in it.
type pairOfSubs struct {
	*testing.T
	registry *channels.Registry
	set      Subscriptions
	truth    map[string]*channels.Subscription
}

func (p *pairOfSubs) join(channel string) *channels.Subscription {
	p.Helper()
	sub, err := p.registry.Subscribe(channels.Join{App: "a", Channel: channel, Handle: 1})
	if err != nil {
		p.Fatal(err)
	}
	return sub
}

func (p *pairOfSubs) check() {
	p.Helper()
	seen := 0
	for sub := range p.set.All() {
		if p.truth[sub.Channel()] != sub {
			p.Errorf("%s is not among them", sub.Channel())
		}
		seen++
	}
	if seen != len(p.truth) || p.set.Len() != seen {
		p.Errorf("visited %d of %d, length %d", seen, len(p.truth), p.set.Len())
	}
	for channel, sub := range p.truth {
		if p.set.Get(channel) != sub {
			p.Errorf("Get(%s) finds another or none", channel)
		}
	}
	if p.set.Get("nobody") != nil || p.set.Remove("nobody") != nil {
		p.Error("found a channel that isn't there")
	}
}

func TestSubscriptions(t *testing.T) {
	loop := enginetest.New(engine.Config{}, NewMux(""))
	p := &pairOfSubs{
		T: t, truth: map[string]*channels.Subscription{},
		registry: NewRegistry(1, func(int) *engine.Loop { return loop.Loop }, channels.Config{Sinks: []channels.Sink{deaf{}}}),
	}
	p.check()
	for round := range 3 {
		for i := range 40 {
			name := fmt.Sprintf("c%d", i)
			p.truth[name] = p.join(name)
			p.set.Add(p.truth[name])
			p.check()
			if hasMap := p.set.many != nil && p.set.many.index != nil; hasMap != (i+1 > indexAbove) {
				t.Errorf("with %d: map is %v", i+1, hasMap)
			}
		}
		for i := range 40 {
			name := fmt.Sprintf("c%d", (i*7+round)%40)
			if p.set.Remove(name) != p.truth[name] {
				t.Errorf("removed another than %s", name)
			}
			delete(p.truth, name)
			p.check()
		}
	}
}

func TestOnlySubscriptionAllocatesNothing(t *testing.T) {
	loop := enginetest.New(engine.Config{}, NewMux(""))
	p := &pairOfSubs{T: t, registry: NewRegistry(1, func(int) *engine.Loop { return loop.Loop }, channels.Config{Sinks: []channels.Sink{deaf{}}})}
	one := p.join("x")
	if n := testing.AllocsPerRun(10, func() {
		p.set.Add(one)
		p.set.Remove("x")
	}); n != 0 || unsafe.Sizeof(p.set) > 16 {
		t.Errorf("%v allocations, %d bytes", n, unsafe.Sizeof(p.set))
	}
}

func TestSessionIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Session{}); n > 64 {
		t.Errorf("a session has %d bytes, want at most 64", n)
	}
}

func TestBucket(t *testing.T) {
	var b Bucket
	now := time.Hour
	take := func(want bool) {
		t.Helper()
		if got := b.Take(now, 10); got != want {
			t.Errorf("Take at %v = %v", now, got)
		}
	}
	for range 10 {
		take(true)
	}
	take(false)
	now += 99 * time.Millisecond
	take(false)
	now += time.Millisecond
	take(true)
	take(false)
	if d := b.Debt(now); d != time.Second {
		t.Errorf("debt %v", d)
	}
	b = BucketOwing(0, b.Debt(now)) // moved to another clock
	now = 0
	take(false)
	now = 10 * time.Second
	for range 10 {
		take(true)
	}
	take(false)
	if b = BucketOwing(0, time.Hour); b.Debt(0) != time.Second {
		t.Error("a debt of more than a second was believed")
	}
	b = Bucket{}
	for range 7 {
		if !b.Take(0, 7) {
			t.Error("7 of 7 per second were refused")
		}
	}
	if b.Take(0, 7) {
		t.Error("an 8th of 7 per second was let through")
	}
}
