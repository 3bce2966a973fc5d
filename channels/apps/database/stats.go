package database

import (
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"
)

// Stats is what a store has counted since it was opened, and how it is now.
type Stats struct {
	// Look-ups, by the Fetch methods as well, each counted once by how it went:
	// the app was known; it was known that there is none, or none that can be
	// served; the database had to be asked.
	Hits, UnknownHits, Misses uint64
	// StaleHits are those of the Hits while the database was away.
	StaleHits uint64

	// Queries were sent to the database, Failures of them were not answered.
	Queries, Failures uint64
	// Refused counts the rows read that could not be right.
	Refused uint64
	// Changed and Removed count the apps that a refresh found so.
	Changed, Removed uint64
	// Evicted were forgotten because more than [Config.MaxApps] were not in use.
	Evicted uint64

	// Apps and Unknown are how many names are known now to have an app, and to
	// have none.
	Apps, Unknown int
	// Away is for how long the database has been away, 0 when it is not.
	Away time.Duration
}

// counters are those of Stats. The first four are counted on loops: they have a
// cell for each core.
type counters struct {
	hits, staleHits, unknownHits, misses *xsync.Counter

	queries, failures, refused, changed, removed, evicted atomic.Uint64
}

func newCounters() counters {
	return counters{
		hits: xsync.NewCounter(), staleHits: xsync.NewCounter(),
		unknownHits: xsync.NewCounter(), misses: xsync.NewCounter(),
	}
}

// Stats may be called by any goroutine and does not wait.
func (s *Store) Stats() Stats {
	c := &s.count
	stats := Stats{
		Hits: uint64(c.hits.Value()), StaleHits: uint64(c.staleHits.Value()),
		UnknownHits: uint64(c.unknownHits.Value()), Misses: uint64(c.misses.Value()),
		Queries: c.queries.Load(), Failures: c.failures.Load(), Refused: c.refused.Load(),
		Changed: c.changed.Load(), Removed: c.removed.Load(), Evicted: c.evicted.Load(),
		Apps: s.ids.found.Size(), Unknown: s.keys.none.size() + s.ids.none.size(),
	}
	if o := s.outage.Load(); o != nil {
		stats.Away = time.Since(o.since)
	}
	return stats
}
