package engine

import (
	"fanfare/engine/http1"
	"fanfare/engine/tlsconn"
	"fanfare/engine/websocket"
)

// Conn is one connection's record: a place on a loop, what has been read and
// not understood yet, what waits to be sent, and usually a socket. All
// methods must be called on its loop.
type Conn struct {
	// Static while the connection lives.
	loop *Loop
	sock any // the transport's own record: a gnet.Conn, or a test's
	slot uint32
	gen  uint32
	fd   int32
	most uint32 // bytes of one message; SetMaxMessage

	// Owned by the loop.
	rcv   Receiver // nil before the upgrade
	in    *inbound // bytes read and not used yet; nil when there are none
	q     *queue   // the frames that the socket does not take; nil when there are none
	idle  uint16   // seconds of silence before Idle; 0 never
	state state
	cause Cause
	flags flags // they and the three above fill eight bytes
}

// state is where a connection stands. It moves downwards, but for a parked
// request, which goes back to the next one.
type state uint8

const (
	stateFree      state = iota // the slot is empty
	stateAwaiting               // the socket was taken over; what the connection holds is to come (Adopt)
	stateHello                  // a TLS handshake is to come, or under way
	stateHTTP                   // reading a request
	stateParked                 // a request waits for its answer
	stateOpen                   // upgraded: WebSocket frames
	stateClosing                // close frame queued; waiting for the peer's
	stateLingering              // sending what is left, then waiting for EOF
	stateDead                   // to be closed at the end of this turn
)

type flags uint32

const (
	flagUrgent      flags = 1 << iota // in the loop's urgent list
	flagBlocked                       // the socket took no more; the poller watches it
	flagSurplus                       // came over the connection limit
	flagAnswered                      // the current request has its answer
	flagKeepAlive                     // the current request allows another after it
	flagHead                          // the current request is a HEAD
	flagHTTP10                        // the current request is HTTP/1.0
	flagContinued                     // 100 Continue was sent for the current request
	flagFin                           // our half is shut down
	flagPeerClosed                    // the peer's close frame came
	flagBatch                         // Message was called and BatchEnd not yet
	flagLeaving                       // in the loop's leaving list
	flagClosedTold                    // Receiver.Closed was called
	flagPinged                        // a ping of ours is out and nothing has come since
	flagProxyHeader                   // a trusted proxy's, which is to begin with a PROXY header
	flagNamed                         // the page knows the client, whom a PROXY header named
	flagTLS                           // the client came by TLS
	flagSealed                        // to us: bytes are TLS records
	flagLent                          // another process has the socket, too
)

func (c *Conn) has(f flags) bool { return c.flags&f != 0 }
func (c *Conn) set(f flags)      { c.flags |= f }
func (c *Conn) unset(f flags)    { c.flags &^= f }

// Socket is what the transport gave to Loop.Open.
func (c *Conn) Socket() any { return c.sock }

// Handle names the connection for other goroutines and for later.
func (c *Conn) Handle() Handle { return makeHandle(c.loop.index, c.slot, c.gen) }

// Loop is the loop that owns the connection.
func (c *Conn) Loop() *Loop { return c.loop }

// Receiver is the connection's owner, nil before Upgrade.
func (c *Conn) Receiver() Receiver { return c.rcv }

// Open tells that the connection is upgraded and not closing.
func (c *Conn) Open() bool { return c.state == stateOpen }

// Surplus tells that the connection came over Config.MaxConnections. It was
// let in only to be told so: refuse it.
func (c *Conn) Surplus() bool { return c.has(flagSurplus) }

// SetIdle makes the receiver's Idle be called after that many seconds (at
// most 65,535) without a frame from the peer. Each frame starts the time
// anew. 0 switches it off.
func (c *Conn) SetIdle(seconds int) {
	c.loop.check()
	c.idle = uint16(min(seconds, 1<<16-1))
	c.touch()
}

// SetMaxMessage bounds one message of this connection, in bytes, fragments
// taken together: Config.MaxMessage or less. A larger one is closed with 1009
// as soon as its declared length tells, before it is kept.
func (c *Conn) SetMaxMessage(bytes int) {
	c.loop.check()
	c.most = uint32(min(bytes, c.loop.cfg.MaxMessage))
}

// touch restarts the idle time of an upgraded connection.
func (c *Conn) touch() {
	c.unset(flagPinged)
	if c.idle == 0 {
		c.setDue(0)
		return
	}
	c.setDue(int(c.idle))
}

// setDue makes expire be called after so many seconds; 0 never.
func (c *Conn) setDue(seconds int) {
	if seconds == 0 {
		*c.loop.slots.due(c.slot) = 0
		return
	}
	// One second more: the clock ticks in whole ones.
	*c.loop.slots.due(c.slot) = c.loop.now + uint32(seconds) + 1
}

// hurry brings a deadline forward, never back.
func (c *Conn) hurry(seconds int) {
	due := c.loop.slots.due(c.slot)
	if sooner := c.loop.now + uint32(seconds) + 1; *due == 0 || sooner < *due {
		*due = sooner
	}
}

// Send queues a frame. It leaves with the loop's next flush, together with
// all else that waits for this connection.
func (c *Conn) Send(f *Frame) Verdict {
	c.loop.check()
	if c.state >= stateClosing || c.state == stateFree {
		return Dropped
	}
	return c.push(f)
}

// Reply queues a text message for this connection alone, as Send does a frame
// for many. It copies payload and allocates nothing as long as the connection
// keeps up.
func (c *Conn) Reply(payload []byte) Verdict {
	c.loop.check()
	if c.state >= stateClosing || c.state == stateFree {
		return Dropped
	}
	return c.pushReply(websocket.AppendFrame(c.loop.runs.paper(), websocket.Text, payload))
}

// Ping queues a WebSocket ping control frame, which every peer answers by
// itself. It leaves with the next lap over the connections, because thousands
// fall silent in the same second. Idle is called again if nothing arrives for so many seconds; Pinged
// is true until something does, and then the idle time starts anew.
func (c *Conn) Ping(seconds int) Verdict {
	c.loop.check()
	if c.state != stateOpen {
		return Dropped
	}
	c.set(flagPinged)
	c.setDue(seconds)
	return c.pushBulk(pingFrame)
}

// Pinged tells whether a ping is out and nothing has arrived since.
func (c *Conn) Pinged() bool { return c.has(flagPinged) }

var pingFrame = NewRaw(Protocol, websocket.AppendFrame(nil, websocket.Ping, nil))

// Close starts the WebSocket close handshake with a code and a reason (cut at
// 123 bytes), and ends the connection when the peer has answered or
// Config.CloseTimeout has passed. What was queued before leaves before.
func (c *Conn) Close(code uint16, reason string) { c.closeWith(code, reason, CauseLocal) }

func (c *Conn) closeWith(code uint16, reason string, cause Cause) {
	c.loop.check()
	if c.state != stateOpen {
		if c.state == stateHTTP || c.state == stateParked {
			c.linger(cause)
		}
		return
	}
	c.state, c.cause = stateClosing, cause
	c.retag()
	c.pushReply(websocket.AppendClose(c.loop.runs.paper(), code, reason))
	c.loop.leave(c)
	c.setDue(c.loop.closeSeconds)
}

// Abort ends the connection at the end of this turn, without a word.
func (c *Conn) Abort(cause Cause) {
	c.loop.check()
	if c.state == stateFree || c.state == stateDead {
		return
	}
	c.state, c.cause = stateDead, cause
	c.retag()
	c.loop.leave(c)
	c.loop.doomed = append(c.loop.doomed, c)
	c.loop.rouse()
}

// linger sends what is queued, shuts our half down and waits for the peer to
// do the same: closing with unread input would reset the connection, and the
// peer might never see our last words.
func (c *Conn) linger(cause Cause) {
	if c.state >= stateLingering {
		return
	}
	c.state, c.cause = stateLingering, cause
	c.retag()
	c.loop.leave(c)
	c.dropInput()
	c.setDue(c.loop.closeSeconds)
	if c.waiting() == 0 {
		c.finish()
	}
}

// finish shuts our half down once everything is out.
func (c *Conn) finish() {
	if c.has(flagFin) {
		return
	}
	c.set(flagFin)
	c.loop.sayAlert(c, tlsconn.CloseNotify)
	c.loop.transport.CloseWrite(c)
	if c.has(flagPeerClosed) || c.cause == CausePeer {
		c.Abort(c.cause)
	}
}

// Upgrade answers the current request with gobwas/ws's 101 and makes rcv the
// owner. What rcv sends in the same callback leaves in the same send. When
// the request is not a proper upgrade, its refusal is answered, the error
// says why, and rcv is not called.
func (c *Conn) Upgrade(rcv Receiver) error {
	c.loop.check()
	if c.has(flagAnswered) || (c.state != stateHTTP && c.state != stateParked) {
		return errGone
	}
	answer, err := websocket.Upgrade(c.loop.runs.paper(), c.loop.headOf(c))
	c.set(flagAnswered)
	c.pushReply(answer)
	if c.state == stateDead { // too slow for answers to earlier requests
		return errGone
	}
	if err != nil {
		c.loop.counters.badHandshakes[websocket.FaultOf(err)]++
		c.linger(CauseProtocol)
		return err
	}
	parked := c.state == stateParked
	c.state, c.rcv = stateOpen, rcv
	c.retag()
	c.loop.counters.upgrades++
	c.setDue(0)
	if parked {
		c.loop.endRequest(c)
		c.loop.resume(c)
	}
	return nil
}

// Respond answers the current request. r is borrowed until return. Close,
// Head and the HTTP version are filled in from the request.
func (c *Conn) Respond(r *http1.Response) {
	c.loop.check()
	if c.has(flagAnswered) || (c.state != stateHTTP && c.state != stateParked) {
		return
	}
	c.set(flagAnswered)
	c.loop.answer(c, r)
}

// Park says that the current request's answer comes later. What the peer
// sends meanwhile waits, up to a bound.
func (c *Conn) Park() {
	c.loop.check()
	if c.state != stateHTTP || c.has(flagAnswered) {
		return
	}
	c.state = stateParked
	c.setDue(c.loop.answerSeconds)
}

// Parked tells whether the connection waits for an answer of ours.
func (c *Conn) Parked() bool { return c.state == stateParked }
