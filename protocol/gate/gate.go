package gate

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"

	"fanfare/engine/proxyproto"
	"fanfare/protocol"
)

// Config is what a gate needs to know. The zero value trusts nobody and
// refuses nobody.
type Config struct {
	// TrustedProxies are the addresses of proxies that are believed. Default
	// none.
	TrustedProxies []netip.Prefix
	// ConnectionsPerIP is how many connections one address may have open. 0 is
	// no limit.
	ConnectionsPerIP int
	// ConnectsPerSecond is how many connections the node lets in; as many may
	// come in one burst. 0 is no limit.
	ConnectsPerSecond int
	// ConnectsPerSecondPerIP is the same for one address.
	ConnectsPerSecondPerIP int
}

// Gate judges callers. A nil Gate is one with a zero Config.
type Gate struct {
	// Static after New.
	cfg      Config
	trusted  proxyproto.Trusted
	seed     maphash.Seed
	clock    func() time.Duration
	refusals [reasons]*Refusal

	// Atomic.
	node    sharedBucket
	refused [reasons]atomic.Uint64
	exempt  atomic.Uint64

	shards [shards]shard
}

// New makes a gate. Negative limits mean none.
func New(cfg Config) *Gate {
	started := time.Now()
	g := &Gate{
		cfg: cfg, trusted: cfg.TrustedProxies, seed: maphash.MakeSeed(),
		clock:    func() time.Duration { return time.Since(started) },
		refusals: refusals(&cfg),
	}
	for i := range g.shards {
		g.shards[i].gate, g.shards[i].seats = g, map[place]*Seat{}
	}
	return g
}

// Enter lets a connection from addr in, or refuses it with a *Refusal. The
// seat is to be left when the connection ends; it is nil, which may be left too,
// where no limit per address holds.
func (g *Gate) Enter(addr netip.Addr) (*Seat, error) {
	if g == nil {
		return nil, nil
	}
	if g.seats(addr) {
		return g.enter(placeOf(addr), g.clock())
	}
	if g.limitsAddresses() {
		g.exempt.Add(1)
	}
	if g.cfg.ConnectsPerSecond > 0 && !g.takeNode(g.clock()) {
		return nil, g.refuse(TooManyConnects)
	}
	return nil, nil
}

// Adopt counts a connection that was let in before, by another process or on
// another socket, and refuses none. address is what its seat there was written
// down as (Seat.String), "" when it had none.
func (g *Gate) Adopt(address string) *Seat {
	addr, err := netip.ParseAddr(address)
	if g == nil || err != nil || !g.seats(addr) {
		return nil
	}
	at := placeOf(addr)
	sh := g.shard(at)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := sh.seats[at]
	if s == nil {
		s = sh.addLocked(at)
	}
	s.open++
	return s
}

func (g *Gate) limitsAddresses() bool {
	return g.cfg.ConnectionsPerIP > 0 || g.cfg.ConnectsPerSecondPerIP > 0
}

// seats tells whether a limit per address holds for addr.
func (g *Gate) seats(addr netip.Addr) bool {
	return g.limitsAddresses() && addr.IsValid() && !g.trusted.Contains(addr)
}

// enter seats one more connection at a place.
func (g *Gate) enter(at place, now time.Duration) (*Seat, error) {
	sh := g.shard(at)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	var (
		open int
		rate protocol.Bucket
		s    = sh.seats[at]
	)
	if s != nil {
		open, rate = s.open, s.rate
	}
	switch {
	case g.cfg.ConnectionsPerIP > 0 && open >= g.cfg.ConnectionsPerIP:
		return nil, g.refuse(TooManyOfAddress)
	case g.cfg.ConnectsPerSecondPerIP > 0 && !rate.Take(now, g.cfg.ConnectsPerSecondPerIP):
		return nil, g.refuse(TooManyConnectsOfAddress)
	case !g.takeNode(now):
		return nil, g.refuse(TooManyConnects)
	}
	if s == nil {
		s = sh.addLocked(at)
	}
	s.open, s.rate = open+1, rate
	return s, nil
}

// takeNode takes one of the node's connects.
func (g *Gate) takeNode(now time.Duration) bool {
	return g.cfg.ConnectsPerSecond <= 0 || g.node.take(now, g.cfg.ConnectsPerSecond)
}

// sharedBucket is a protocol.Bucket for many goroutines.
type sharedBucket struct{ full atomic.Int64 }

func (b *sharedBucket) take(now time.Duration, perSecond int) bool {
	for {
		full := b.full.Load()
		bucket := protocol.BucketOwing(now, time.Duration(full)-now)
		if !bucket.Take(now, perSecond) {
			return false
		}
		if b.full.CompareAndSwap(full, int64(now+bucket.Debt(now))) {
			return true
		}
	}
}
