package engine

import "net/netip"

// Transport is how a loop's connections reach the world: the one place where
// bytes leave. The real one sends to sockets (socket.go); enginetest has one
// in memory. But for Wake, methods are called on the
// connection's loop.
type Transport interface {
	// Send hands bytes to the sockets of some connections without blocking,
	// and notes in the list how each went. At most 64, all of the loop.
	Send(l *Loop, list []Sending)
	// Watch makes the transport call Loop.Writable once, when the socket
	// takes bytes again. Unwatch ends that, also after the call.
	Watch(c *Conn) error
	Unwatch(c *Conn)
	// CloseWrite shuts our half down: the peer reads EOF.
	CloseWrite(c *Conn)
	// Close ends the connection. The transport calls Loop.Closed, at once or
	// later.
	Close(c *Conn)
	// Remote is the address of the socket's peer, not valid when it is not
	// known. It does not allocate.
	Remote(c *Conn) netip.AddrPort

	// Wake makes Loop.Turn run soon on the loop. Any goroutine.
	Wake(l *Loop)
	// WakeLater does so after the loop has served I/O again.
	WakeLater(l *Loop)
}
