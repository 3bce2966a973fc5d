package webhooks

import (
	"path/filepath"
	"time"
)

// export writes down all that Hooks have.
func (d *desk) export() *State {
	h := d.hooks
	s := &State{Number: h.number.Load(), Misses: h.misses.export()}
	for _, ep := range h.allEndpoints() {
		if e := ep.export(h.now()); e != nil {
			s.Endpoints = append(s.Endpoints, *e)
		}
	}
	for _, l := range h.lingering.Export() {
		s.Lingering = append(s.Lingering, LingeringState{
			App: l.Key.app, Channel: l.Key.channel, Member: l.Key.member, User: l.Key.user, Left: l.Left,
		})
	}
	for _, waiting := range d.limbo {
		for i := range waiting {
			s.Records = append(s.Records, waiting[i].state())
		}
	}
	return s
}

// name says which database this is. It must be closed.
func (j *journal) name(s *State) {
	if j == nil {
		return
	}
	s.Database, s.DatabaseAt = j.id, j.path
	if path, err := filepath.Abs(j.path); err == nil {
		s.DatabaseAt = path
	}
}

// export writes the endpoint down; nil when there is nothing worth it. No
// request may be under way.
func (ep *endpoint) export(now time.Duration) *EndpointState {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	s := &EndpointState{
		App: ep.app, URL: ep.url, Nth: ep.nth,
		Standing: standingNames[ep.stands()], Said: ep.saidFailing,
	}
	any := ep.events > 0
	for _, l := range ep.lanes {
		any = any || l.failures > 0
	}
	if any {
		s.Lanes = make([]LaneState, len(ep.lanes))
		for i, l := range ep.lanes {
			l.exportLocked(now, &s.Lanes[i])
		}
	}
	if !any && s.Standing == "" && !s.Said {
		return nil
	}
	return s
}

func (l *lane) exportLocked(now time.Duration, s *LaneState) {
	s.Tried, s.Failures, s.Wait = l.tried, l.failures, max(l.again-now, 0)
	s.Events = make([]EventState, len(l.queue))
	for i := range l.queue {
		e := &l.queue[i]
		s.Events[i] = EventState{Number: e.number, Created: e.created, Age: now - e.born, Channel: e.channel, JSON: e.json}
	}
}

// export writes down what was told and is not to be told again yet.
func (m *misses) export() (list []MissState) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, generation := range []map[room]time.Time{m.past, m.now} {
		for r, told := range generation {
			if ago := now.Sub(told); ago < missAgain {
				list = append(list, MissState{App: r.app, Channel: r.channel, Ago: ago})
			}
		}
	}
	return list
}
