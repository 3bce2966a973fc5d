package gate

import "time"

// SetClock replaces the gate's clock.
func (g *Gate) SetClock(clock func() time.Duration) { g.clock = clock }

// Known counts the addresses that are kept, without forgetting any.
func (g *Gate) Known() (n int) {
	for i := range g.shards {
		sh := &g.shards[i]
		sh.mu.Lock()
		n += len(sh.seats)
		sh.mu.Unlock()
	}
	return n
}
