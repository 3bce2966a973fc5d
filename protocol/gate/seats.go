package gate

import (
	"encoding/binary"
	"hash/maphash"
	"maps"
	"net/netip"
	"sync"
	"time"

	"fanfare/protocol"
)

// Seat is the place of one address's connections, shared by them all.
type Seat struct {
	// Static.
	shard *shard
	at    place

	// Guarded by shard.mu.
	open   int
	rate   protocol.Bucket // of connects
	next   *Seat           // in the shard's queue
	queued bool
}

// Leave gives back what one Enter or Adopt took. It panics when nothing was.
func (s *Seat) Leave() {
	if s == nil {
		return
	}
	sh := s.shard
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.open == 0 {
		panic("gate: Leave without Enter")
	}
	now := sh.gate.clock()
	sh.forgetLocked(now, 2)
	s.open--
	switch {
	case s.open > 0 || s.queued:
	case s.rate.Debt(now) == 0:
		sh.removeLocked(s)
	default:
		sh.queueLocked(s)
	}
}

// String is the address that is counted, or the first of its network; "" for a
// nil seat.
func (s *Seat) String() string {
	if s == nil {
		return ""
	}
	return s.at.addr().String()
}

// place is an address as it is counted: the upper half of an IPv6 address, or
// an IPv4 address behind 0000:ffff, where no IPv6 network is.
type place uint64

const mapped = 0xffff << 32

func placeOf(addr netip.Addr) place {
	if addr = addr.Unmap(); addr.Is4() {
		b := addr.As4()
		return mapped | place(binary.BigEndian.Uint32(b[:]))
	}
	b := addr.As16()
	return place(binary.BigEndian.Uint64(b[:]))
}

func (p place) addr() netip.Addr {
	var b [16]byte
	if p>>32 == mapped>>32 {
		binary.BigEndian.PutUint32(b[:], uint32(p))
		return netip.AddrFrom4([4]byte(b[:]))
	}
	binary.BigEndian.PutUint64(b[:], uint64(p))
	return netip.AddrFrom16(b)
}

// shards is how many there are. A power of two.
const shards = 64

// shard holds the seats of some addresses. Which, nobody outside can tell.
type shard struct {
	gate *Gate

	mu    sync.Mutex
	seats map[place]*Seat // guarded by mu
	most  int             // that seats held since it was made; guarded by mu

	// Seats that had no connection when they were queued, and whose rate was
	// not whole. Guarded by mu.
	first, last *Seat

	_ [64]byte // the next one is on a cache line of its own
}

func (g *Gate) shard(at place) *shard {
	return &g.shards[maphash.Comparable(g.seed, at)%shards]
}

func (sh *shard) addLocked(at place) *Seat {
	s := &Seat{shard: sh, at: at}
	sh.seats[at] = s
	sh.most = max(sh.most, len(sh.seats))
	return s
}

// removeLocked forgets an address. A map does not shrink by itself, so one that
// a flood has blown up is made anew when it is all but empty.
func (sh *shard) removeLocked(s *Seat) {
	const worth = 256
	delete(sh.seats, s.at)
	if sh.most < worth || len(sh.seats) > sh.most/8 {
		return
	}
	seats := make(map[place]*Seat, len(sh.seats))
	maps.Copy(seats, sh.seats)
	sh.seats, sh.most = seats, len(seats)
}

// known counts the addresses, without those of no use any more.
func (sh *shard) known(now time.Duration) int {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.forgetLocked(now, len(sh.seats))
	return len(sh.seats)
}

// queueLocked has a seat without connections looked at again, when it owes
// nothing any more: in a second at most.
func (sh *shard) queueLocked(s *Seat) {
	s.queued = true
	if sh.first == nil {
		sh.first = s
	} else {
		sh.last.next = s
	}
	sh.last = s
}

// forgetLocked removes up to n seats that were queued and are of no use any
// more. Whoever leaves removes two and queues one at most: so the queue holds
// little more than what left within a second.
func (sh *shard) forgetLocked(now time.Duration, n int) {
	for ; n > 0 && sh.first != nil; n-- {
		s := sh.first
		if s.open == 0 && s.rate.Debt(now) > 0 {
			return
		}
		if sh.first = s.next; sh.first == nil {
			sh.last = nil
		}
		s.next, s.queued = nil, false
		if s.open == 0 {
			sh.removeLocked(s)
		}
	}
}
