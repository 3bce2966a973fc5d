package api

import "sync/atomic"

// Statuses are counted by their place in this list; the last place is for all
// others.
var countedStatuses = [...]int{200, 202, 204, 400, 401, 403, 404, 405, 413, 429, 500, 503}

const statuses = len(countedStatuses) + 1

// counters are one loop's. Only that loop adds, so adding never waits for
// another; anyone reads. What belongs to an app is counted in apps.Live.
type counters struct {
	answers      [statuses]atomic.Uint64
	lookupErrors atomic.Uint64
	_            [64]byte // the next loop's begin on a cache line of their own
}

func (c *counters) count(status int) {
	for i, s := range countedStatuses {
		if s == status {
			c.answers[i].Add(1)
			return
		}
	}
	c.answers[statuses-1].Add(1)
}

// Stats is what the loops have counted, added up.
type Stats struct {
	Answers      map[int]uint64 // by HTTP status; 0 for other ones
	Lookups      int64          // requests that wait for an app store now
	LookupErrors uint64         // app stores that failed or took too long
}

// Stats adds up the loops' counters. Any goroutine; meant for a scrape.
func (s *Server) Stats() Stats {
	st := Stats{Answers: make(map[int]uint64, statuses), Lookups: s.lookups.Waiting()}
	for _, h := range s.homes {
		st.LookupErrors += h.counters.lookupErrors.Load()
		for i := range statuses {
			status := 0
			if i < len(countedStatuses) {
				status = countedStatuses[i]
			}
			st.Answers[status] += h.counters.answers[i].Load()
		}
	}
	return st
}
