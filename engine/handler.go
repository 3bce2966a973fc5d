package engine

import "fanfare/engine/http1"

// Handler serves the HTTP side of the port.
type Handler interface {
	// Request is called on the connection's loop for each complete request,
	// body included. r and everything in it is borrowed until return.
	//
	// The handler answers with c.Respond or c.Upgrade, at once or later: an
	// answer that has to wait is announced with c.Park before returning, and
	// given on the same loop through Loop.Post and Loop.Conn. A request that is
	// neither answered nor parked is answered 500.
	Request(c *Conn, r *http1.Request)

	// BodyLimit tells how large a body, in bytes, the request may bring.
	// r has no body yet. It is called on the loop before any of it is kept.
	BodyLimit(r *http1.Request) int
}

// Receiver is the owner of an upgraded connection: the protocol's session.
// All methods are called on the connection's loop.
type Receiver interface {
	// Message brings one complete text message, valid UTF-8. It is borrowed
	// until return. Pings, pongs and close frames are the engine's.
	Message(c *Conn, text []byte)

	// BatchEnd is called after the last Message of one read, so that what
	// the messages asked for can be done together.
	BatchEnd(c *Conn)

	// Idle is called when nothing has arrived for the time set with
	// c.SetIdle or c.Ping. The receiver pings, sets another time, or closes.
	Idle(c *Conn)

	// Closed is called exactly once, when the connection is lost or closed
	// and before its slot is given to another. c can still be asked for its
	// handle, but nothing can be sent.
	Closed(c *Conn, cause Cause)
}

// Cause tells why a connection ended.
type Cause uint8

const (
	// CausePeer is that the peer closed, or its network did.
	CausePeer Cause = iota
	// CauseLocal is that we closed it (close frame sent, answer complete, refusal).
	CauseLocal
	// CauseProtocol is that the peer broke RFC 6455 or HTTP/1.1.
	CauseProtocol
	// CauseTimeout is that the peer was silent for too long.
	CauseTimeout
	// CauseSlow is that the peer did not read what was sent to it.
	CauseSlow
	// CauseOverload is that the node ran out of room for queued bytes or
	// connections.
	CauseOverload
	// CauseShutdown is that the server stops.
	CauseShutdown
	// CausePanic is that a callback panicked while it served this connection.
	CausePanic
	// CauseProxy is that a trusted proxy did not begin with a proper PROXY
	// header.
	CauseProxy
	// CauseTLS is that the TLS handshake failed.
	CauseTLS
	causes
)

var causeNames = [causes]string{
	"peer", "local", "protocol", "timeout", "slow", "overload", "shutdown", "panic", "proxy", "tls",
}

// String gives the cause's name as logs and metrics print it.
func (c Cause) String() string { return causeNames[c] }

// Verdict tells what became of a frame given to a connection.
type Verdict uint8

const (
	// Queued means that it will be sent with the loop's next flush, or when the socket
	// takes more.
	Queued Verdict = iota
	// Dropped means that it was not taken; the connection is closing or has been
	// closed for being too slow.
	Dropped
)

// Task is work posted to a loop. Run is called once, on the loop.
type Task interface{ Run(l *Loop) }

// TaskFunc makes a Task of a function. It costs a closure: for rare work.
type TaskFunc func(l *Loop)

// Run calls f.
func (f TaskFunc) Run(l *Loop) { f(l) }
