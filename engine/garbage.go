package engine

import "runtime/metrics"

// garbage notices that a server which has little to do has let garbage pile up:
// left to itself, the runtime lets it grow to the size of what is alive, and
// thinks of the memory as taken. A busy server collects more often than this
// asks for. Owned by the ticker.
type garbage struct {
	samples [3]metrics.Sample
	cycles  uint64 // collections so far,
	since   int    // and ticks since the last
}

const (
	garbageTicks = 60 // seconds without a collection, after which garbage
	garbageShare = 4  // of more than one part in so many of what is alive goes
)

func newGarbage() garbage {
	return garbage{samples: [3]metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
	}}
}

// tick looks at the heap, once a second, and reports whether memory should be
// returned now.
func (g *garbage) tick() bool {
	metrics.Read(g.samples[:])
	return g.judge(g.samples[0].Value.Uint64(), g.samples[1].Value.Uint64(), g.samples[2].Value.Uint64())
}

func (g *garbage) judge(cycles, live, objects uint64) bool {
	if cycles != g.cycles {
		g.cycles, g.since = cycles, 0
		return false
	}
	g.since++
	return g.since >= garbageTicks && objects > live+live/garbageShare
}
