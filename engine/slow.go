package engine

import "time"

// What becomes of frames on connections that can't keep up: see Rule.

// admit appends a frame to a backlog.
func (l *Loop) admit(q *queue, f *Frame) {
	if q.n+q.holes == len(q.ring) && f.rule.drops() && f.rule.Policy == DropOldest {
		l.makeWay(q, f.rule)
	}
	l.hold(q, q.push(f), f)
}

// makeWay drops the frame that one more would cost anyway. Dropped afterwards,
// it would leave behind a ring of twice the size.
func (l *Loop) makeWay(q *queue, rule *Rule) {
	var oldest uint32
	var ok bool
	if a := q.account(rule); a != nil && rule.Frames > 0 && a.frames >= rule.Frames {
		oldest, ok = q.oldest(&a.next, rule.is)
	} else if q.n >= l.cfg.QueueFrames {
		oldest, ok = q.oldest(&q.next, (*Rule).drops)
	}
	if ok {
		l.drop(q, oldest, DropOldestFrame)
	}
}

// hold counts a frame that begins to wait in a backlog, where it may replace
// an older one.
func (l *Loop) hold(q *queue, position uint32, f *Frame) {
	l.budget.add(f, l.now)
	if !f.rule.counts() {
		return
	}
	q.book(position, f)
	if f.topic == nil || position != q.whole() && position == q.head {
		return
	}
	if older, ok := q.supersede(position); ok {
		l.drop(q, older, DropConflated)
	}
}

func (l *Loop) drop(q *queue, position uint32, why Drop) {
	f := q.at(position)
	q.remove(position)
	l.counters.dropped[why]++
	l.release(q, f)
}

// bound holds a blocked connection to its limits. Last words are always
// admitted: CloseTimeout bounds those.
func (l *Loop) bound(c *Conn) Verdict {
	if c.state >= stateClosing {
		return Queued
	}
	if l.budget.exceeded() {
		l.shed()
	}
	limit, over := l.trim(c.q)
	if !over {
		return Queued
	}
	l.closeSlow(c, CauseSlow, limit)
	return Dropped
}

// trim drops what may be dropped until the rest is within its limits, or else
// reports which of them it is over.
func (l *Loop) trim(q *queue) (limit Limit, over bool) {
	rule := q.newest().rule
	if rule.counts() {
		if limit, over = l.trimRule(q, rule); over {
			return limit, over
		}
	}
	for {
		if limit, over = l.overfull(q); !over {
			return limit, over
		}
		oldest, ok := q.oldest(&q.next, (*Rule).drops)
		if !ok {
			besideHalfSent := q.n == 2 && q.off > 0 // where the newest is admitted too
			return limit, !rule.drops() || !besideHalfSent
		}
		l.drop(q, oldest, DropOldestFrame)
	}
}

// trimDroppable holds a queue that begins to wait to the limits of the rules
// under which frames may be dropped. The others' are looked at with the next
// frame: a burst that a socket does not take at once is no slowness.
func (l *Loop) trimDroppable(q *queue) {
	for i := 0; i < len(q.accounts); i++ {
		if rule := q.accounts[i].rule; rule.drops() {
			l.trimRule(q, rule)
		}
	}
}

// overfull compares all that waits with what may. One frame always may,
// however large.
func (l *Loop) overfull(q *queue) (Limit, bool) {
	switch {
	case q.n <= 1:
		return 0, false
	case q.n > l.cfg.QueueFrames:
		return LimitFrames, true
	}
	return LimitBytes, q.bytes > l.cfg.QueueBytes
}

// trimRule is trim for what waits under one rule and the rule's own limits.
func (l *Loop) trimRule(q *queue, rule *Rule) (Limit, bool) {
	for {
		a := q.account(rule)
		limit, over := rule.over(a.frames, a.bytes)
		if !over || a.frames == 1 {
			return 0, false
		}
		if !rule.drops() {
			return limit, true
		}
		oldest, ok := q.oldest(&a.next, rule.is)
		if !ok {
			return 0, false
		}
		l.drop(q, oldest, DropOldestFrame)
	}
}

// stalled is how long a socket takes nothing before it counts as slow: a burst
// blocks healthy ones for a moment.
const stalled = time.Second

// watchBacklogs counts the slow connections, and drops or closes what has
// waited for too long. clock is Loop.clock as of this tick.
func (l *Loop) watchBacklogs(clock int64) {
	l.counters.slow = 0
	for _, b := range l.backlogs {
		c := l.blockedConn(b)
		if c == nil {
			continue
		}
		if clock-b.since >= int64(stalled) {
			l.counters.slow++
		}
		if c.state == stateOpen {
			l.expireFrames(c)
		}
	}
}

func (l *Loop) expireFrames(c *Conn) {
	defer l.recoverFor(c)
	q, standard := c.q, seconds(l.cfg.QueueAge)
	shortest := q.shortestAge(standard)
	for p, end := q.head, q.end(); p != end; p++ {
		f := q.at(p)
		if f == nil || f.rule == nil {
			continue
		}
		waited := l.waited(f.since.Load())
		if waited <= shortest {
			return // what comes after it has waited less
		}
		if age := f.rule.age(standard); age == 0 || waited <= age {
			continue
		}
		if !f.rule.drops() {
			l.closeSlow(c, CauseSlow, LimitAge)
			return
		}
		if p != q.head || q.off == 0 {
			l.drop(q, p, DropExpired)
		}
	}
}

// shortestAge is the least that any waiting frame may reach, in seconds.
func (q *queue) shortestAge(standard int) int {
	for i := range q.accounts {
		if age := q.accounts[i].rule.age(standard); age > 0 {
			standard = min(standard, age)
		}
	}
	return standard
}
