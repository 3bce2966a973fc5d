package webhooks

import "time"

// stored is what is in the database and not in a state.
type stored struct {
	events    []storedEvent
	lingering []lingerer
	last      uint64 // the highest number
}

type storedEvent struct {
	at    address
	event event
}

// takeUp takes up what another process had, and what is in the database. After
// an error, which is the database's, nothing is.
func (d *desk) takeUp(s *State, records []record) error {
	h := d.hooks
	same := h.journal != nil && s.Database == h.journal.id
	known := map[uint64]struct{}{}
	if same {
		known = s.known()
	}
	found, err := h.journal.contents(known)
	if err != nil {
		return err
	}
	for i := range found.events {
		h.restore(found.events[i].at, found.events[i].event)
	}
	base := uint64(0)
	if !same {
		base = found.last // a number says nothing in another database
		d.sayMoved(s)
	}
	h.number.Store(max(h.number.Load(), base+s.Number))
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		h.endpoint(address{app: e.App, url: e.URL, nth: e.Nth}).takeUp(e, base, known)
	}
	d.takeUpLingering(s, records, found.lingering)
	h.misses.takeUp(s.Misses)
	for i := range records {
		d.place(&records[i])
	}
	h.relieve()
	return nil
}

// restore queues an event that was on disk. It is as old as these Hooks. Only the
// desk may call it.
func (h *Hooks) restore(at address, e event) {
	h.number.Store(max(h.number.Load(), e.number))
	ep := h.endpoint(at)
	ep.add(e, ep.batching())
	h.relieve()
}

// sayMoved logs that the events are in another database too.
func (d *desk) sayMoved(s *State) {
	if s.Database != "" {
		d.hooks.cfg.Log.Warn("webhooks.dir is not what it was: webhook events were taken over from the former folder's file, and are sent again if that is ever used: delete it",
			"file", s.DatabaseAt)
	}
}

// takeUpLingering takes up what lingers, and what did and is in records. What
// only the database knows of lingers from now on.
func (d *desk) takeUpLingering(s *State, records []record, onDisk []lingerer) {
	h := d.hooks
	known := make(map[lingerer]struct{}, len(s.Lingering))
	take := func(l lingerer) {
		known[l] = struct{}{}
		h.journal.hold(l)
	}
	for i := range s.Lingering {
		take(s.Lingering[i].lingerer())
	}
	for i := range records {
		if records[i].fromLingered {
			take(records[i].lingerer())
		}
	}
	h.lingering.Import(s.lingerings())
	for _, l := range onDisk {
		if _, ok := known[l]; !ok {
			h.lingering.End(l)
		}
	}
}

// contents returns what is in the database, but for events that are known.
func (j *journal) contents(known map[uint64]struct{}) (found stored, err error) {
	if j == nil {
		return found, nil
	}
	err = j.load(
		func(n uint64) bool {
			found.last = max(found.last, n)
			_, ok := known[n]
			return ok
		},
		func(at address, e event) { found.events = append(found.events, storedEvent{at, e}) },
		func(l lingerer) { found.lingering = append(found.lingering, l) },
	)
	return found, err
}

// takeUp queues what waited for the endpoint in another process, behind what is
// here. Numbers begin behind base. Those that are known are on disk already.
//
// The lanes are as many as they were, so that each goes on as it was, if nothing
// waits here.
func (ep *endpoint) takeUp(s *EndpointState, base uint64, known map[uint64]struct{}) {
	ep.proven(parseStanding(s.Standing))
	ep.mu.Lock()
	defer ep.mu.Unlock()
	ep.saidFailing = s.Said
	if len(s.Lanes) == 0 {
		return
	}
	alike := ep.idleLocked()
	if alike {
		ep.lanesLocked(len(s.Lanes))
	}
	h, now := ep.hooks, ep.hooks.now()
	for i := range s.Lanes {
		for _, e := range s.Lanes[i].Events {
			q := event{number: base + e.Number, created: e.Created, born: now - e.Age, channel: e.Channel, json: e.JSON}
			if _, ok := known[e.Number]; !ok {
				h.journal.put(ep.address, &q)
			}
			ep.queueLocked(&q)
		}
	}
	for i, l := range ep.lanes {
		if alike {
			l.takeUpLocked(&s.Lanes[i], now)
		}
	}
	ep.boundLocked()
	for _, l := range ep.lanes {
		if len(l.queue) > 0 {
			l.wakeLocked()
		}
	}
}

func (l *lane) takeUpLocked(s *LaneState, now time.Duration) {
	l.tried = min(s.Tried, len(l.queue))
	l.failures, l.again = s.Failures, now+s.Wait
}

// takeUp remembers what was told elsewhere.
func (m *misses) takeUp(list []MissState) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turnLocked(now)
	if m.past == nil {
		m.past = make(map[room]time.Time, len(list))
	}
	for i := range list {
		m.past[room{list[i].App, list[i].Channel}] = now.Add(-list[i].Ago)
		m.known.Store(true)
	}
}
