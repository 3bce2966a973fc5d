package engine

// QueuedBytes is what the budget of a loop without a server counts.
func (l *Loop) QueuedBytes() int64 { return l.budget.used.Load() }

// Snapshot gives the statistics of a loop without a server.
func (l *Loop) Snapshot() Stats {
	var s Stats
	l.publish()
	s.add(l)
	return s
}
