package protocol

import "fanfare/engine"

// Ender is a receiver that knows how its protocol says goodbye.
type Ender interface {
	engine.Receiver

	// End closes the receiver's connection with a code and a reason. It is
	// called on the loop.
	End(c *engine.Conn, code uint16, reason string)
}

const (
	// CodeReconnect tells a client to come back at once. Protocols with codes
	// of their own translate it.
	CodeReconnect = 4200

	goingAway = 1001 // RFC 6455 section 7.4.1
)

// Goodbye says the last words on a connection when the server shuts down, for
// engine.Server.Shutdown. It is called on the connection's loop.
func Goodbye(c *engine.Conn) {
	const reason = "the server is shutting down"
	if e, ok := c.Receiver().(Ender); ok {
		e.End(c, CodeReconnect, reason)
		return
	}
	c.Close(goingAway, reason)
}
