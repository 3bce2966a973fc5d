//go:build linux

package loadgen

import (
	"encoding/binary"
	"encoding/json"
	"slices"
)

// Client is one WebSocket connection that a scenario drives itself: it
// subscribes and unsubscribes, sends client events, leaves and can stop
// reading. A Fleet is leaner where all connections only receive.
//
// Its callbacks run on the loop's goroutine and may call the client.
type Client struct {
	stream
	ClientOptions

	target   *Target
	torn     []byte // what is held back until Mend
	socketID string // what the server's hello said; "" before
	greeted  bool   // the hello has come
	upgraded bool   // the 101 has come
	deaf     bool   // not watched for what comes
	farewell int    // code of the server's close frame
	scratch  []byte
}

// ClientOptions is what a client is opened with. Nil callbacks are not called.
type ClientOptions struct {
	// Opened is called when the hello has come.
	Opened func()
	// Text takes every later text frame but pings, which are answered, and
	// errors, which end the connection. The payload is borrowed until it
	// returns.
	Text func(payload []byte)
	// Ended is called once, when the connection is closed or breaks, but not
	// by Abort.
	Ended func(Ending)
	// Tear is asked for every frame of so many bytes that is to leave, and
	// tells after how many of them it is torn: the rest, and all that comes
	// after it, leaves with Mend. 0 is not at all.
	Tear func(size int) (at int)
	// ReceiveBuffer is SO_RCVBUF in bytes, which the kernel doubles for its
	// bookkeeping, so that a client that does not read is soon felt by the
	// server. 0 leaves it to the kernel.
	ReceiveBuffer int
}

// Ending is how a connection ended.
type Ending struct {
	Code int   // of the server's close frame (RFC 6455 section 7.4); 0 when there was none
	Err  error // in words, with what would be right where that is known
}

// Client begins to open a connection.
func (l *Loop) Client(t *Target, o ClientOptions) (*Client, error) {
	c := &Client{ClientOptions: o, target: t}
	c.receiveBuffer = o.ReceiveBuffer
	return c, c.open(l, c, t, t.hello)
}

// Subscribe asks to join s; the answer comes as text.
func (c *Client) Subscribe(s Subscription) {
	c.scratch = c.target.appendSubscribe(c.scratch[:0], s, c.socketID)
	c.put(c.scratch)
}

// Unsubscribe leaves a channel; nothing answers.
func (c *Client) Unsubscribe(channel string) {
	name, err := json.Marshal(channel)
	if err != nil {
		panic(err) // strings always encode
	}
	c.Send([]byte(`{"event":"pusher:unsubscribe","data":{"channel":` + string(name) + `}}`))
}

// Ping asks for a pusher:pong, which comes as text after everything that was
// sent before has been worked off.
func (c *Client) Ping() { c.Send([]byte(`{"event":"pusher:ping","data":{}}`)) }

// Send sends a text frame.
func (c *Client) Send(payload []byte) {
	c.scratch = appendFrame(c.scratch[:0], opText, payload)
	c.put(c.scratch)
}

// Leave sends a close frame (RFC 6455 section 7.1.2) and leaves closing to the
// server: Ended is called when it has.
func (c *Client) Leave() {
	c.scratch = appendFrame(c.scratch[:0], opClose, binary.BigEndian.AppendUint16(nil, 1000))
	c.put(c.scratch)
}

// Abort resets the connection, as a client does that loses its network. Ended
// is not called.
func (c *Client) Abort() {
	c.Ended = nil
	c.close()
}

// Alive reports whether the connection has not ended.
func (c *Client) Alive() bool { return c.fd >= 0 }

// Mend sends what was held back.
func (c *Client) Mend() {
	b := c.torn
	c.torn = nil
	c.leave(b)
}

// put sends a frame, or what of it is not torn off.
func (c *Client) put(b []byte) {
	if len(c.torn) > 0 {
		c.torn = append(c.torn, b...)
		return
	}
	if c.Tear != nil {
		if at := c.Tear(len(b)); at > 0 {
			c.torn, b = slices.Clone(b[at:]), b[:at]
		}
	}
	c.leave(b)
}

func (c *Client) leave(b []byte) {
	if !c.Alive() || len(b) == 0 {
		return
	}
	if err := c.write(b); err != nil {
		c.end(err)
	}
}

// end closes the connection and tells how it ended.
func (c *Client) end(err error) {
	if !c.Alive() {
		return
	}
	c.close()
	if c.Ended != nil {
		c.Ended(Ending{c.farewell, c.target.explain(err)})
	}
}
