package engine

import (
	"sync/atomic"

	"fanfare/engine/http1"
	"fanfare/engine/websocket"
)

// inbound holds what a connection has sent and what can't be used yet: half a
// head, half a frame, half a body, or requests behind a parked one. Owned by
// the loop; most connections have none at any moment.
type inbound struct {
	buf     []byte // not consumed yet
	need    int    // bytes in buf before it is worth looking again
	scanned int    // bytes of buf in which no end of a head was found

	// A request of which the head is complete and the body is not, or which
	// is parked.
	head    []byte // its head
	body    []byte // as far as it is there
	chunks  http1.Chunks
	limit   int // most bytes of body
	onBody  bool
	chunked bool

	reader websocket.Reader // a WebSocket message of which some fragments came

	sealed []byte // the beginning of a TLS record
	early  int    // bytes that a TLS handshake under way was given

	held  int    // what the node's budget has it down for, in bytes
	since uint32 // Loop.now when what is unfinished began
}

// inputBudget counts the bytes that connections have sent and that can't be
// used yet, of all loops.
type inputBudget struct {
	limit int64
	used  atomic.Int64
}

// Newcomer is what the transport knows of a connection when it opens.
type Newcomer struct {
	Socket  any  // the transport's own record
	FD      int  // of the socket
	Surplus bool // it came over the limit
	TLS     bool // it is to begin with a TLS handshake

	// TakenOver is that the socket was another connection's, whose state is to come.
	// The connection hears nothing, has no time-out and is left out by Loop.Each until
	// Conn.Adopt is called. TLS does not count.
	TakenOver bool
}

// Open takes over a new connection. The transport calls it on the loop. nil: there
// is no slot left.
func (l *Loop) Open(n Newcomer) *Conn {
	l.enter()
	defer l.passed(l.pass())
	c := l.slots.take()
	if c == nil {
		return nil
	}
	c.loop, c.sock, c.fd, c.state = l, n.Socket, int32(n.FD), stateHTTP
	c.most = uint32(l.cfg.MaxMessage)
	l.counters.opened++
	if n.TakenOver {
		c.state = stateAwaiting
		return c
	}
	if n.Surplus {
		c.set(flagSurplus)
	}
	if n.TLS {
		c.state = stateHello
	}
	c.setDue(l.headSeconds)
	l.expectProxyHeader(c)
	return c
}

// Ingest takes bytes from the peer: the one place where they enter. The
// transport calls it on the loop; data is borrowed and may be changed.
func (l *Loop) Ingest(c *Conn, data []byte) {
	l.enter()
	defer l.passed(l.pass())
	l.counters.receivedBytes += uint64(len(data))
	l.current = c
	defer l.recover()
	if c.has(flagSealed) {
		l.unseal(c, data)
	} else {
		l.ingest(c, data)
	}
	l.weigh(c)
}

// weigh tells the node's budget what the connection holds by now.
func (l *Loop) weigh(c *Conn) {
	if c.in == nil {
		return
	}
	if more, over := l.countInput(c.in); over && more > 0 {
		l.overfed(c)
	}
}

// countInput tells how many bytes more there are than last time, and whether all
// connections have more than they may.
func (l *Loop) countInput(in *inbound) (more int, over bool) {
	held := cap(in.buf) + cap(in.head) + cap(in.body) + in.reader.Buffered() + cap(in.sealed) + in.early
	more = held - in.held
	in.held = held
	return more, l.input.used.Add(int64(more)) > l.input.limit
}

// hoarding is how many seconds a message may stay unfinished once three quarters
// of the node's budget are used up. Without that a few clients could keep it from
// all others, by messages that they never end, for as long as they answer pings.
const hoarding = 5

// releaseHoards refuses those who have kept something unfinished for so long. The
// clock calls it once a second.
func (l *Loop) releaseHoards() {
	if l.input.used.Load() <= l.input.limit/4*3 {
		return
	}
	l.slots.each(func(c *Conn) {
		if c.in != nil && (c.state == stateHTTP || c.state == stateOpen) && l.now-c.in.since > hoarding {
			l.releaseHoard(c)
		}
	})
}

func (l *Loop) releaseHoard(c *Conn) {
	l.current = c
	defer l.recover()
	l.overfed(c)
}

// overfed refuses a connection that sends more of something unfinished when
// there is no room for it.
func (l *Loop) overfed(c *Conn) {
	const sorry = "too many unfinished messages wait here; try again later"
	switch c.state {
	case stateOpen:
	case stateHello:
		c.Abort(CauseOverload)
		return
	default:
		l.apologise(c, 503, sorry)
		return
	}
	c.pushReply(websocket.AppendClose(l.runs.paper(), 1013, sorry))
	c.linger(CauseOverload)
}

func (l *Loop) ingest(c *Conn, data []byte) {
	if c.in != nil && len(c.in.buf) > 0 {
		l.ingestMore(c, data)
		return
	}
	rest := l.consume(c, data)
	if len(rest) > 0 {
		in := l.inboundOf(c)
		in.buf = append(in.buf, rest...)
	}
	l.settleInput(c)
}

// ingestMore appends to bytes that wait, and looks at them only when enough
// are there: a large frame must not be looked at, or copied, for every read.
func (l *Loop) ingestMore(c *Conn, data []byte) {
	in := c.in
	in.buf = append(in.buf, data...)
	if len(in.buf) < in.need {
		return
	}
	l.reconsume(c)
}

// reconsume looks at the bytes that wait.
func (l *Loop) reconsume(c *Conn) {
	in := c.in
	rest := l.consume(c, in.buf)
	if c.in == in { // not dropped meanwhile
		in.buf = in.buf[:copy(in.buf, rest)]
	}
	l.settleInput(c)
	l.weigh(c)
}

// consume uses as much of data as it can and returns the rest.
func (l *Loop) consume(c *Conn, data []byte) []byte {
	for len(data) > 0 {
		n := 0
		switch c.state {
		case stateHello, stateHTTP:
			n = l.readBeginning(c, data)
		case stateOpen, stateClosing:
			n = l.readFrames(c, data)
		case stateParked:
			l.boundParked(c, data)
		default:
			data = nil // lingering or dead: nobody listens any more
		}
		if n == 0 {
			break
		}
		data = data[n:]
	}
	if c.has(flagBatch) {
		c.unset(flagBatch)
		c.rcv.BatchEnd(c)
	}
	if c.state >= stateLingering {
		return nil
	}
	return data
}

// readBeginning takes what comes before an upgrade: a PROXY header, a handshake,
// a request.
func (l *Loop) readBeginning(c *Conn, data []byte) int {
	switch {
	case c.has(flagProxyHeader):
		return l.readProxyHeader(c, data)
	case c.state == stateHello:
		return l.readHello(c, data)
	}
	return l.readRequest(c, data)
}

// parkedBytes is how much may be sent ahead while an answer is awaited.
const parkedBytes = 64 << 10

// boundParked ends a connection that sends too much while it waits.
func (l *Loop) boundParked(c *Conn, data []byte) {
	if len(data) > parkedBytes {
		c.Abort(CauseProtocol)
	}
}

// resume goes on with what came while the connection was parked.
func (l *Loop) resume(c *Conn) {
	h := c.Handle()
	l.Post(TaskFunc(func(l *Loop) {
		if c := l.Conn(h); c != nil && c.in != nil {
			l.reconsume(c) // and nothing is kept for who has said nothing since
		}
	}))
}

// inboundOf gives the connection a place for bytes that wait.
func (l *Loop) inboundOf(c *Conn) *inbound {
	if c.in != nil {
		return c.in
	}
	if n := len(l.inbounds); n > 0 {
		c.in = l.inbounds[n-1]
		l.inbounds = l.inbounds[:n-1]
	} else {
		c.in = &inbound{}
	}
	c.in.since = l.now
	return c.in
}

// settleInput takes the place away again when nothing waits.
func (l *Loop) settleInput(c *Conn) {
	if in := c.in; in != nil && len(in.buf)+len(in.sealed)+in.early == 0 && in.head == nil && !in.reader.Started() {
		c.dropInput()
	}
}

// dropInput forgets what waits and keeps a small buffer for the next.
func (c *Conn) dropInput() {
	in := c.in
	if in == nil {
		return
	}
	c.in = nil
	l := c.loop
	l.input.used.Add(-int64(in.held))
	if cap(in.buf) <= maxSpareInput && len(l.inbounds) < maxSpareInputs {
		*in = inbound{buf: in.buf[:0]}
		l.inbounds = append(l.inbounds, in)
	}
}

const (
	maxSpareInput  = 16 << 10
	maxSpareInputs = 256
)
