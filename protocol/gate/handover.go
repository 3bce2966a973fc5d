package gate

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"fanfare/protocol"
)

// State is what callers have used up of the limits on connects, written down for
// another process: how long each takes to be whole again. It travels by
// encoding/gob: fields keep their names and meanings, and zero is as before they
// existed.
type State struct {
	Node      time.Duration
	Addresses []AddressState // without those that owe nothing
}

// AddressState is one address's part of a State. It travels.
type AddressState struct {
	Address string // as Seat.String tells it
	Debt    time.Duration
}

// Export writes down the limits on connects. How many connections addresses have
// open, Adopt tells. Any goroutine; who enters meanwhile may be missing.
func (g *Gate) Export() State {
	if g == nil {
		return State{}
	}
	now := g.clock()
	s := State{Node: max(time.Duration(g.node.full.Load())-now, 0)}
	for i := range g.shards {
		s.Addresses = g.shards[i].export(s.Addresses, now)
	}
	return s
}

func (sh *shard) export(list []AddressState, now time.Duration) []AddressState {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for at, s := range sh.seats {
		if debt := s.rate.Debt(now); debt > 0 {
			list = append(list, AddressState{at.addr().String(), debt})
		}
	}
	return list
}

// Import takes up what Export wrote down, before anybody enters. It sorts s.
func (g *Gate) Import(s State) {
	if g == nil {
		return
	}
	now := g.clock()
	bucket := protocol.BucketOwing(now, s.Node)
	g.node.full.Store(int64(now + bucket.Debt(now)))
	slices.SortFunc(s.Addresses, func(a, b AddressState) int { return cmp.Compare(a.Debt, b.Debt) }) // as they are forgotten
	for _, a := range s.Addresses {
		if addr, err := netip.ParseAddr(a.Address); err == nil && g.seats(addr) {
			g.owe(placeOf(addr), now, a.Debt)
		}
	}
}

// owe has a place owe for connects, with or without a connection.
func (g *Gate) owe(at place, now, debt time.Duration) {
	sh := g.shard(at)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := sh.seats[at]
	if s == nil {
		s = sh.addLocked(at)
	}
	s.rate = protocol.BucketOwing(now, debt)
	if s.open == 0 && !s.queued {
		sh.queueLocked(s)
	}
}
