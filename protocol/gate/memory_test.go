package gate_test

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"fanfare/protocol/gate"
)

func address(i int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(i))
	return netip.AddrFrom4(b)
}

// A flood from ever new addresses that do not stay leaves behind what came
// within a second, and that goes with whoever comes later.
func TestFloodOfAddressesIsForgotten(t *testing.T) {
	const perSecond, seconds = 10_000, 20
	var now time.Duration
	g := gate.New(gate.Config{ConnectsPerSecondPerIP: 10})
	g.SetClock(func() time.Duration { return now })
	most := 0
	for i := range perSecond * seconds {
		now += time.Second / perSecond
		enter(t, g, address(i)).Leave()
		if i%1000 == 0 {
			most = max(most, g.Known())
		}
	}
	if most > perSecond/5 { // each owes a tenth of a second
		t.Errorf("%d addresses were known at once, want about %d", most, perSecond/10)
	}
	now += time.Second
	for i := range 4096 { // some come to every shard
		enter(t, g, address(-i)).Leave()
	}
	now += time.Second
	if n := g.Stats().Addresses; n != 0 {
		t.Errorf("%d addresses are still known", n)
	}
}

// Nobody is lost who waits to be forgotten, also when some come back meanwhile.
func TestEverybodyIsForgotten(t *testing.T) {
	var now time.Duration
	g := gate.New(gate.Config{ConnectsPerSecondPerIP: 3})
	g.SetClock(func() time.Duration { return now })
	visit := func(from, to int) {
		for i := from; i < to; i++ {
			enter(t, g, address(i)).Leave()
		}
	}
	visit(0, 1000)
	visit(300, 600)
	staying := enter(t, g, address(450))
	visit(1000, 2000)
	if n := g.Stats().Addresses; n != 2000 {
		t.Errorf("%d addresses are known, want 2000: all owe something", n)
	}
	now += time.Second
	if n := g.Stats().Addresses; n != 1 {
		t.Errorf("%d addresses are known, want the one that stays", n)
	}
	staying.Leave()
	if n := g.Known(); n != 0 {
		t.Errorf("%d addresses are known when all have left", n)
	}
}

// What a million addresses took at once is given back when they are gone.
func TestMemoryIsGivenBack(t *testing.T) {
	const addresses = 200_000
	g := gate.New(gate.Config{ConnectionsPerIP: 1})
	before := heap()
	seats := make([]*gate.Seat, addresses)
	for i := range seats {
		seats[i] = enter(t, g, address(i))
	}
	full := heap() - before - addresses*8
	for _, s := range seats {
		s.Leave()
	}
	clear(seats)
	after := heap() - before - addresses*8
	t.Logf("%d bytes for each address, %d in all when they have gone", full/addresses, after)
	if full/addresses > 128 {
		t.Errorf("an address takes %d bytes, want 128 or less", full/addresses)
	}
	if after > full/20 {
		t.Errorf("%d of %d bytes are still held", after, full)
	}
	runtime.KeepAlive(g)
	runtime.KeepAlive(seats)
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
