package engine

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// A backlog is what waits for a connection whose socket takes no more. It is
// bounded per connection (Config.QueueBytes, QueueFrames) and for the node
// (Config.QueueBudget).

// budget counts the bytes of all frames that wait in backlogs: each frame, and
// what several of them share, once, however many connections wait for it, plus a
// reference each.
type budget struct {
	limit int64
	used  atomic.Int64
}

// refBytes is what a waiting frame costs beside its bytes: its place in a
// ring and its share of the ring's slack.
const refBytes = 16

// add counts a frame that waits for one more connection. now is Loop.now.
func (b *budget) add(f *Frame, now uint32) {
	n := int64(refBytes)
	if f.backlogs.Load() == 0 {
		f.since.Store(now) // before others can see that it waits
	}
	if f.backlogs.Add(1) == 1 {
		n += int64(f.retain())
	}
	b.used.Add(n)
}

func (b *budget) remove(f *Frame) {
	n := int64(refBytes)
	if f.backlogs.Add(-1) == 0 {
		n += int64(f.release())
	}
	b.used.Add(-n)
}

func (b *budget) exceeded() bool { return b.used.Load() > b.limit }

// block begins a backlog: the transport tells when the socket takes more.
func (l *Loop) block(c *Conn) {
	c.set(flagBlocked)
	c.retag()
	l.holdAll(c.q)
	l.trimDroppable(c.q)
	l.backlogs = append(l.backlogs, backlog{c.Handle(), c.q.since})
	l.watch(c)
}

// watch counts a backlog and has the transport tell.
func (l *Loop) watch(c *Conn) {
	l.blocked++
	l.publishOldest()
	if l.budget.exceeded() {
		l.shed()
	}
	if err := l.transport.Watch(c); err != nil {
		l.log.Error("cannot watch a socket for writing; connection closed", "error", err)
		c.Abort(CauseOverload)
	}
}

// unblock ends a backlog.
func (l *Loop) unblock(c *Conn) {
	if !c.has(flagBlocked) {
		return
	}
	c.unset(flagBlocked)
	c.retag()
	l.blocked--
}

// holdAll makes a queue a backlog, unless it is one already. What waits counts
// until it is sent or dropped.
func (l *Loop) holdAll(q *queue) {
	fresh := q.since == 0
	q.since = max(1, l.clock())
	if fresh {
		q.each(func(position uint32, f *Frame) { l.hold(q, position, f) })
	}
}

// release counts a frame no longer that has left a queue.
func (l *Loop) release(q *queue, f *Frame) {
	if q.since != 0 {
		l.budget.remove(f)
	}
}

// sent takes n bytes off a queue.
func (l *Loop) sent(q *queue, n int) {
	q.sent(n, func(f *Frame) {
		l.counters.sentFrames++
		l.release(q, f)
	})
}

// discard empties a queue.
func (l *Loop) discard(q *queue) {
	q.bytes += q.off
	q.off = 0
	q.truncate(func(f *Frame) { l.release(q, f) })
}

// Writable tells that a watched socket takes bytes again. The transport calls
// it on the loop.
func (l *Loop) Writable(h Handle) {
	c := l.slots.get(h)
	if c == nil || !c.has(flagBlocked) {
		return
	}
	defer l.recoverFor(c)
	l.unblock(c)
	l.transport.Unwatch(c)
	l.flushConn(c)
	if c.state >= stateClosing {
		c.hurry(l.closeSeconds) // it is awake
	}
}

// closeSlow drops a backlog, all but a half-sent frame, and says why: should
// the peer wake up within Config.QueueAge, it gets a clean close.
func (l *Loop) closeSlow(c *Conn, cause Cause, limit Limit) {
	if c.state != stateOpen {
		c.Abort(cause) // it had its chance to read why
		return
	}
	l.counters.slowClosed[limit]++
	if c.q != nil {
		c.q.truncate(func(f *Frame) {
			l.counters.dropped[DropClosed]++
			l.release(c.q, f)
		})
	}
	c.closeWith(l.cfg.SlowClose.Code, l.cfg.SlowClose.Reason+": "+limit.reason(), cause)
	if cause == CauseSlow { // not when memory is short
		c.setDue(l.ageSeconds)
	}
}

// backlog notes that a connection became blocked. The loop keeps them in
// order of time; those that are no longer true are left behind.
type backlog struct {
	handle Handle
	since  int64 // Loop.clock
}

// insertBacklog notes one that began before now.
func (l *Loop) insertBacklog(b backlog) {
	at, _ := slices.BinarySearchFunc(l.backlogs, b.since+1, func(b backlog, since int64) int { return cmp.Compare(b.since, since) })
	l.backlogs = slices.Insert(l.backlogs, at, b)
}

// blockedConn gives the connection of a backlog that still stands.
func (l *Loop) blockedConn(b backlog) *Conn {
	c := l.slots.get(b.handle)
	if c == nil || !c.has(flagBlocked) || c.state == stateDead || c.q.since != b.since {
		return nil
	}
	return c
}

// oldest gives the longest-blocked connection, nil when there is none.
func (l *Loop) oldest() *Conn {
	for i, b := range l.backlogs {
		if c := l.blockedConn(b); c != nil {
			l.backlogs = l.backlogs[i:]
			l.compactBacklogs()
			return c
		}
	}
	l.backlogs = nil
	return nil
}

// compactBacklogs drops the entries that no longer stand once they are the
// majority.
func (l *Loop) compactBacklogs() {
	if len(l.backlogs) < 2*l.blocked+64 {
		return
	}
	stands := l.backlogs[:0]
	for _, b := range l.backlogs {
		if l.blockedConn(b) != nil {
			stands = append(stands, b)
		}
	}
	l.backlogs = stands
}

// publishOldest lets other loops see how long this one's oldest waits.
func (l *Loop) publishOldest() {
	since := int64(0)
	if l.oldest() != nil {
		since = l.backlogs[0].since
	}
	l.oldestSince.Store(since)
}

// shed asks the loop with the oldest backlog of all to give it up.
func (l *Loop) shed() {
	oldest := l
	for _, other := range l.siblings() {
		if older(other.oldestSince.Load(), oldest.oldestSince.Load()) {
			oldest = other
		}
	}
	if oldest.oldestSince.Load() != 0 && oldest.shedding.CompareAndSwap(false, true) {
		oldest.Post(shedTask{})
	}
}

func older(a, b int64) bool { return a != 0 && (b == 0 || a < b) }

// shedTask closes this loop's oldest backlog while the node is over budget,
// then hands on to whichever loop is next.
type shedTask struct{}

func (shedTask) Run(l *Loop) {
	l.shedding.Store(false)
	if !l.budget.exceeded() {
		return
	}
	if c := l.oldest(); c != nil {
		l.closeSlow(c, CauseOverload, LimitBudget)
	}
	l.publishOldest()
	if l.budget.exceeded() {
		l.shed()
	}
}

// siblings are all loops of the node.
func (l *Loop) siblings() []*Loop {
	if l.server == nil {
		return nil
	}
	return l.server.loops
}
