package pusher

import "sync/atomic"

// counters are one loop's. Only that loop adds, so adding never waits for
// another; anyone reads. What belongs to an app is counted in apps.Live.
type counters struct {
	open          atomic.Int64
	opened        atomic.Uint64
	badHandshakes atomic.Uint64
	lookupErrors  atomic.Uint64
	pings         atomic.Uint64
	jobs, inline  atomic.Uint64
	refused       [codes]atomic.Uint64
	closed        [codes]atomic.Uint64
	_             [64]byte // the next loop's begin on a cache line of their own
}

// Codes are counted by their place in this list; the last place is for all
// others.
var countedCodes = [...]uint16{
	codeTLS, codeUnknownApp, codeDisabled, codeQuota, codePath, codeVersion, codeProtocol, codeNoProtocol,
	codeUnauthorized, codeCapacity, codeReconnect, codeNoPong,
}

const codes = len(countedCodes) + 1

func placeOf(code uint16) int {
	for i, c := range countedCodes {
		if c == code {
			return i
		}
	}
	return codes - 1
}

func (c *counters) refuse(code uint16) { c.refused[placeOf(code)].Add(1) }

func (c *counters) closeWith(code uint16) { c.closed[placeOf(code)].Add(1) }

// Stats is what the loops have counted, added up. Figures that only grow say
// so by their tense.
type Stats struct {
	Sessions      int64             // open now
	Opened        uint64            // sessions ever opened
	Refused       map[uint16]uint64 // upgrades refused, by close code; 0 for other codes
	Closed        map[uint16]uint64 // sessions that we closed, by close code
	BadHandshakes uint64            // upgrades that were no proper handshake
	LookupErrors  uint64            // app stores that failed or took too long
	Lookups       int64             // upgrades that wait for an app store now
	PingsSent     uint64            // to silent clients
	AuthJobs      uint64            // given to the worker pool
	AuthInline    uint64            // subscribes that a loop checked itself, because the pool or a connection's queue was full
}

// Stats adds up the loops' counters. Any goroutine; meant for a scrape.
func (s *Server) Stats() Stats {
	st := Stats{Refused: map[uint16]uint64{}, Closed: map[uint16]uint64{}, Lookups: s.lookups.Waiting()}
	for _, h := range s.homes {
		h.counters.addTo(&st)
	}
	return st
}

func (c *counters) addTo(st *Stats) {
	st.Sessions += c.open.Load()
	st.Opened += c.opened.Load()
	st.BadHandshakes += c.badHandshakes.Load()
	st.LookupErrors += c.lookupErrors.Load()
	st.PingsSent += c.pings.Load()
	st.AuthJobs += c.jobs.Load()
	st.AuthInline += c.inline.Load()
	for i := range codes {
		code := uint16(0)
		if i < len(countedCodes) {
			code = countedCodes[i]
		}
		st.Refused[code] += c.refused[i].Load()
		st.Closed[code] += c.closed[i].Load()
	}
}
