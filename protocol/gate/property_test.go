package gate_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fanfare/protocol"
	"fanfare/protocol/gate"
)

// model is a gate as one would explain it.
type model struct {
	cfg  gate.Config
	open map[int]int
	rate map[int]*protocol.Bucket
	node protocol.Bucket
}

// enter gives the reason to refuse address i, or -1.
func (m *model) enter(i int, now time.Duration) int {
	if m.rate[i] == nil {
		m.rate[i] = &protocol.Bucket{}
	}
	rate := *m.rate[i]
	switch {
	case m.cfg.ConnectionsPerIP > 0 && m.open[i] >= m.cfg.ConnectionsPerIP:
		return int(gate.TooManyOfAddress)
	case m.cfg.ConnectsPerSecondPerIP > 0 && !rate.Take(now, m.cfg.ConnectsPerSecondPerIP):
		return int(gate.TooManyConnectsOfAddress)
	case m.cfg.ConnectsPerSecond > 0 && !m.node.Take(now, m.cfg.ConnectsPerSecond):
		return int(gate.TooManyConnects)
	}
	*m.rate[i] = rate
	m.open[i]++
	return -1
}

// pair is a gate and its model, which go the same way.
type pair struct {
	model
	gate  *gate.Gate
	now   time.Duration
	seats []*gate.Seat
	whose []int
}

// Enter has an address ask both.
func (p *pair) Enter(t *rapid.T) {
	i := rapid.IntRange(0, 3).Draw(t, "address")
	s, err := p.gate.Enter(address(i))
	got := -1
	if r, ok := errors.AsType[*gate.Refusal](err); ok {
		got = int(r.Reason)
	}
	if want := p.enter(i, p.now); got != want || (s == nil) != (want >= 0) {
		t.Fatalf("address %d: got %v, %v, want refusal %d", i, s, err, want)
	}
	if s != nil {
		p.seats, p.whose = append(p.seats, s), append(p.whose, i)
	}
}

// Leave has a connection end.
func (p *pair) Leave(t *rapid.T) {
	if len(p.seats) == 0 {
		return
	}
	k := rapid.IntRange(0, len(p.seats)-1).Draw(t, "seat")
	p.seats[k].Leave()
	p.open[p.whose[k]]--
	p.seats, p.whose = slices.Delete(p.seats, k, k+1), slices.Delete(p.whose, k, k+1)
}

// Wait lets time pass.
func (p *pair) Wait(t *rapid.T) {
	p.now += time.Duration(rapid.IntRange(1, 1200).Draw(t, "ms")) * time.Millisecond
}

// Check is called after each of the others.
func (p *pair) Check(t *rapid.T) {
	needed := 0
	for i, rate := range p.rate {
		if p.open[i] > 0 || rate.Debt(p.now) > 0 {
			needed++
		}
	}
	if n := p.gate.Stats().Addresses; n < needed {
		t.Fatalf("%d addresses are known, but %d are connected or owe something", n, needed)
	}
}

// A gate that forgets decides as one that remembers everything, and forgets
// everybody in the end.
func TestGateAgainstItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{0, 1, 2, 5})
		cfg := gate.Config{
			ConnectionsPerIP:       limit.Draw(t, "connections"),
			ConnectsPerSecond:      limit.Draw(t, "connects"),
			ConnectsPerSecondPerIP: 1 + limit.Draw(t, "connects per address"),
		}
		p := &pair{
			model: model{cfg: cfg, open: map[int]int{}, rate: map[int]*protocol.Bucket{}},
			gate:  gate.New(cfg),
		}
		p.gate.SetClock(func() time.Duration { return p.now })
		t.Repeat(rapid.StateMachineActions(p))
		p.now += time.Second
		for _, s := range p.seats {
			s.Leave()
		}
		if n := p.gate.Stats().Addresses; n != 0 {
			t.Fatalf("%d addresses are known when all have left", n)
		}
	})
}
