package engine

// How long messages take from their posting to the kernel. It is measured for
// what is posted as a delivery: the clock is read once when it is posted, once
// for each batch of sends, and once when a slice of a lap has brought some to
// their ends. Never per connection.

// flight is a delivery that was marked on its subscribers and of which some may
// wait still to be sent to.
type flight struct {
	posted int64  // Loop.clock
	until  uint64 // how far laps have to come, as Loop.marked counts
}

// flights are the deliveries under way, in the order in which they land. Owned
// by the loop.
type flights struct {
	list []flight
	next int // the first that is under way
}

func (f *flights) add(posted int64, until uint64) {
	if f.next == len(f.list) {
		f.list, f.next = keepSmall(f.list), 0
	}
	f.list = append(f.list, flight{posted, until})
}

// marked is how many places the lists of all laps have had so far.
func (l *Loop) marked() uint64 { return l.lapped + uint64(len(l.bulk)) }

// land counts the deliveries of which every subscriber's turn has come.
func (l *Loop) land() {
	f := &l.flights
	sent := l.lapped + uint64(l.bulkNext)
	if f.next == len(f.list) || f.list[f.next].until > sent {
		return
	}
	now := l.clock()
	for ; f.next < len(f.list) && f.list[f.next].until <= sent; f.next++ {
		l.shared.fanouts.observe(now-f.list[f.next].posted, 1)
	}
}

// timeBatch counts how long the frames of a batch that has been sent were on
// their way. The first connection that took all stands for all of them.
func (l *Loop) timeBatch() {
	for i := range l.batch {
		if s := &l.batch[i]; s.run != 0 && s.Err == nil && s.N == len(s.Bytes) {
			l.timeRun(s.run, len(l.batch))
			return
		}
	}
}

// timeRun counts the frames of a run that was sent to n connections. Replies, and
// pings, were not posted.
func (l *Loop) timeRun(id uint32, n int) {
	now := int64(0)
	for id != 0 {
		r := l.runs.at(id)
		if posted := l.runs.posted(r.piece); posted != 0 {
			if now == 0 {
				now = l.clock()
			}
			l.shared.writes.observe(now-posted, uint64(n))
		}
		id = r.before
	}
}
