package engine

import (
	"log/slog"
	"math"
	"runtime/debug"
	"sync/atomic"
	"time"

	"fanfare/engine/http1"
	"fanfare/engine/websocket"
)

// Loop owns a share of the connections and serves them on one goroutine. Only
// Post, Reserve, Release, PostDelivery, Index and Server may be called from
// others.
type Loop struct {
	// Static after construction.
	server    *Server
	index     int
	cfg       *Config
	handler   Handler
	transport Transport
	log       *slog.Logger
	budget    *budget
	input     *inputBudget
	shakes    *handshakes // nil: no TLS
	started   time.Time

	headSeconds, keepAliveSeconds, answerSeconds, closeSeconds, ageSeconds int

	// Any goroutine.
	mail        mailbox
	shared      published    // what Stats reads
	oldestSince atomic.Int64 // clock() at which the oldest backlog began; 0 none
	shedding    atomic.Bool  // a shedTask is posted
	called      atomic.Int64 // clock() at which the tick was posted that has not run; 0 none

	// Owned by the loop.
	owner     // panics in race builds when anybody else comes in
	slots     slots
	runs      runs
	now       uint32 // seconds since started
	stall     standstill
	meter     meter
	flights   flights
	posting   int64    // Loop.clock at which the delivery was posted that runs; 0 none does
	reached   bool     // it has marked somebody
	current   *Conn    // whom a panic costs
	held      *grip    // who holds the loop; nil: nobody
	epoll     int      // gnet's, once a connection was enrolled; else 0
	control   []Task   // spare slice for mail.takeControl
	taken     []posted // deliveries taken from the mailbox,
	takenNext int      // and the next of them to run
	urgent    []*Conn
	batch     []Sending // collected to be sent together
	bulk      []uint32  // slots of connections that a broadcast has frames for,
	bulkNext  int       // the next of them to send to,
	lapEnd    int       // where the current lap over them ends,
	lapped    uint64    // and how many there were in the laps before
	lapSince  time.Time // when the lap that gathers had its first connection; zero when none does

	sealed []byte // TLS records of the batch

	lapDeliveries, lapBytes int // deliveries run in this lap, and bytes of their frames
	replyBytes              int // of replies that are not sent yet

	doomed   []*Conn // to be closed at the end of this turn
	leaving  []*Conn // whose receivers are to hear of it at the end of this turn
	backlogs []backlog
	blocked  int
	queues   []*queue   // spare
	inbounds []*inbound // spare
	date     []byte     // for the Date header
	request  http1.Request
	reader   websocket.Reader // of connections without a fragmented message
	counters counters
}

// NewLoop makes a loop that the transport drives. Servers make theirs in
// Start; a test makes one to drive it by hand.
func NewLoop(cfg *Config, index int, h Handler, t Transport) *Loop {
	l := &Loop{
		index: index, cfg: cfg, handler: h, transport: t, log: cfg.Logger,
		budget:  &budget{limit: cfg.QueueBudget},
		input:   &inputBudget{limit: cfg.InputBudget},
		started: time.Now(),
		runs:    newRuns(),
	}
	l.headSeconds, l.keepAliveSeconds = seconds(cfg.HeadTimeout), seconds(cfg.KeepAlive)
	l.answerSeconds, l.closeSeconds = seconds(cfg.AnswerTimeout), seconds(cfg.CloseTimeout)
	l.ageSeconds = seconds(cfg.QueueAge)
	l.mail.limit = cfg.MailboxBytes
	l.shared = newPublished(&l.counters)
	l.begin(l.started)
	return l
}

// retiring tells that the server does not listen any more.
func (l *Loop) retiring() bool { return l.server != nil && l.server.retiring.Load() }

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// Index is the loop's number, from 0. Any goroutine.
func (l *Loop) Index() int { return l.index }

// Server is the loop's server, nil for a loop driven by a test. Any
// goroutine.
func (l *Loop) Server() *Server { return l.server }

// Now is the time to within a second or two.
func (l *Loop) Now() time.Time { return l.started.Add(time.Duration(l.now) * time.Second) }

// clock is the time since the server started, in nanoseconds.
func (l *Loop) clock() int64 { return int64(time.Since(l.started)) }

// Conn finds a connection by its handle, nil when it is gone. A panic in the
// task that asked costs this connection.
func (l *Loop) Conn(h Handle) *Conn {
	l.check()
	c := l.slots.get(h)
	if c != nil {
		l.current = c
	}
	return c
}

// Each visits every connection of the loop but those that wait for their states
// (Newcomer.TakenOver). visit may close it.
func (l *Loop) Each(visit func(*Conn)) {
	l.check()
	l.slots.each(func(c *Conn) {
		if c.state != stateAwaiting {
			visit(c)
		}
	})
}

// Post gives the loop control work: it is run in order, with the next turn.
// It is never refused. Any goroutine.
func (l *Loop) Post(t Task) {
	if l.mail.post(t) {
		l.transport.Wake(l)
	}
}

// Reserve takes room for n bytes of deliveries, all or nothing. What is
// reserved is given back with Release, unused or when the delivery has run.
// Any goroutine.
func (l *Loop) Reserve(n int) bool { return l.mail.reserve(n) }

// Release gives room back. Any goroutine.
func (l *Loop) Release(n int) { l.mail.release(n) }

// PostDelivery gives the loop a delivery. Deliveries run in order, so many at
// a time as the loop can send. Any goroutine.
func (l *Loop) PostDelivery(t Task) {
	if l.mail.postBulk(posted{t, max(1, l.clock())}) {
		l.transport.Wake(l)
	}
}

// rouse asks for a turn, because something is to be flushed or closed.
func (l *Loop) rouse() {
	if l.mail.rouseLoop() {
		l.transport.Wake(l)
	}
}

// Turn does what is due besides I/O: control work, replies, a batch of
// deliveries, a slice of the lap over subscribers. The transport calls it on the loop
// after Wake or WakeLater.
func (l *Loop) Turn() {
	l.enter()
	began := l.pass()
	l.runControl()
	l.flushUrgent()
	l.runDeliveries()
	workLeft := !l.flushSlice() || l.takenNext < len(l.taken)
	l.tellLeavers()
	l.flushUrgent()
	l.closeDoomed()
	l.passed(began)
	l.publish()
	if l.mail.settle(workLeft || len(l.urgent)+len(l.doomed)+len(l.leaving) > 0) {
		l.transport.WakeLater(l)
	}
}

func (l *Loop) runControl() {
	tasks := l.mail.takeControl(l.control)
	for i, t := range tasks {
		tasks[i] = nil
		l.run(t)
	}
	l.control = keepSmall(tasks)
}

// runDeliveries marks what deliveries bring on all subscribers, also in the
// middle of a lap: the connections whose turn is still to come get it with the
// same send. A lap takes so many deliveries and no more, so that a connection
// which merely waits for its turn never comes near its limits.
func (l *Loop) runDeliveries() {
	if len(l.bulk) == 0 {
		l.lapDeliveries, l.lapBytes = 0, 0 // replies alone must not hold up deliveries
	}
	if len(l.taken) == 0 {
		l.taken = l.mail.takeBulk(l.taken)
	}
	for l.takenNext < len(l.taken) && l.lapHasRoom() {
		d := l.taken[l.takenNext]
		l.taken[l.takenNext] = posted{}
		l.takenNext++
		l.lapDeliveries++
		l.runDelivery(d)
	}
	if l.takenNext == len(l.taken) {
		l.taken, l.takenNext = keepSmall(l.taken), 0
	}
}

// runDelivery runs one, and notes when all that it marks will have been sent.
func (l *Loop) runDelivery(d posted) {
	l.posting, l.reached = d.at, false
	l.run(d.task)
	if l.reached {
		l.flights.add(d.at, l.marked())
	}
	l.posting = 0
}

func (l *Loop) lapHasRoom() bool {
	return l.lapDeliveries < maxLapDeliveries && l.lapBytes < maxLapBytes && l.replyBytes < maxReplyBytes &&
		l.runs.made() < max(maxLapRuns, lapRunsEach*l.slots.live)
}

// keepSmall gives the slice for reuse unless a burst has made it large.
func keepSmall[T any](s []T) []T {
	if cap(s) > 16<<10 {
		return nil
	}
	return s[:0]
}

// run runs one task. A panic in it costs the connection that it last asked
// for, if any.
func (l *Loop) run(t Task) {
	l.current = nil
	defer l.recover()
	t.Run(l)
}

// recoverFor is recover where it is known whom a panic costs.
func (l *Loop) recoverFor(c *Conn) {
	if p := recover(); p != nil {
		l.panicked(p, c)
	}
}

// recover ends a callback that panicked: the connection it served is closed,
// the server lives on.
func (l *Loop) recover() {
	if p := recover(); p != nil {
		l.panicked(p, l.current)
	}
}

func (l *Loop) panicked(p any, c *Conn) {
	l.counters.panics++
	l.log.Error("panic on a loop; the connection it served is closed", "panic", p, "loop", l.index, "stack", string(debug.Stack()))
	if c != nil {
		c.Abort(CausePanic)
	}
}

// leave notes that a connection is no longer open for its receiver.
func (l *Loop) leave(c *Conn) {
	if c.rcv == nil || c.has(flagLeaving) {
		return
	}
	c.set(flagLeaving)
	l.leaving = append(l.leaving, c)
	l.rouse()
}

func (l *Loop) tellLeavers() {
	for i := 0; i < len(l.leaving); i++ {
		c := l.leaving[i]
		l.leaving[i] = nil
		if c.has(flagLeaving) {
			l.tellClosed(c)
		}
	}
	l.leaving = l.leaving[:0]
}

// tellClosed tells the receiver once.
func (l *Loop) tellClosed(c *Conn) {
	if c.rcv == nil || c.has(flagClosedTold) {
		return
	}
	c.set(flagClosedTold)
	defer l.recoverFor(nil) // c is on its way out already
	c.rcv.Closed(c, c.cause)
}

func (l *Loop) closeDoomed() {
	for i := 0; i < len(l.doomed); i++ {
		c := l.doomed[i]
		l.doomed[i] = nil
		if c.state == stateDead {
			l.close(c)
		}
	}
	l.doomed = l.doomed[:0]
}

func (l *Loop) close(c *Conn) {
	defer l.recoverFor(nil)
	l.transport.Close(c)
}
