package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// query is what pusher-js 8.6.0 sends, to the byte.
const query = "?protocol=7&client=js&version=8.6.0&flash=false"

// client is one WebSocket connection that speaks the Pusher protocol. It
// answers the server's pings by itself; everything else is seen by the check.
type client struct {
	t      *T
	app    wire.App
	conn   *wire.Conn
	id     string        // socket id
	idle   time.Duration // the server's activity_timeout
	marker string        // public channel of barrier; empty until it is needed
}

// event is one text frame. Members holds it undecoded, for its JSON types.
type event struct {
	Event   string
	Channel string
	Members map[string]json.RawMessage
	raw     string
}

func (e event) String() string { return e.raw }

// dial upgrades on target and reads nothing yet.
func (t *T) dial(app wire.App, target string, headers ...string) *client {
	conn, err := wire.Dial(t.ctx, t.addr, target, headers...)
	t.check(err, "upgrade on "+target)
	t.closeLater(func() { _ = conn.Close() })
	return &client{t: t, app: app, conn: conn}
}

// connect opens a connection to the app of a role as pusher-js does.
func (t *T) connect(role string) *client { return t.connectWith(role, query) }

// connectWith is connect with another query.
func (t *T) connectWith(role, query string) *client {
	app := t.apps[role]
	c := t.dial(app, "/app/"+app.Key+query)
	c.hello()
	return c
}

// hello reads the handshake, which must be the first frame.
func (c *client) hello() {
	e := c.expect("pusher:connection_established", "")
	var h struct {
		SocketID        string  `json:"socket_id"`
		ActivityTimeout float64 `json:"activity_timeout"`
	}
	c.t.decode(c.text(e), &h)
	c.id, c.idle = h.SocketID, time.Duration(h.ActivityTimeout*float64(time.Second))
}

// send sends one protocol message. Data that is nil is left out.
func (c *client) send(name, channel string, data any) { c.sendRaw(message(name, channel, data)) }

// message is one protocol message as a client writes it.
func message(name, channel string, data any) string {
	m := map[string]any{"event": name}
	if channel != "" {
		m["channel"] = channel
	}
	if data != nil {
		m["data"] = data
	}
	return encode(m)
}

func (c *client) sendRaw(text string) {
	c.t.check(c.conn.Send(wire.OpText, []byte(text)), "send "+text)
}

// sendTogether sends several messages in one write, so that the server reads
// them as one.
func (c *client) sendTogether(texts ...string) {
	var out []byte
	for _, text := range texts {
		out = wire.AppendFrame(out, wire.OpText, []byte(text))
	}
	c.t.check(c.conn.Write(out), fmt.Sprintf("send %d messages", len(texts)))
}

// frame returns the next frame that is not a ping of the server's.
func (c *client) frame() wire.Frame {
	for {
		f, err := c.conn.Read()
		c.t.check(err, "read the next frame")
		if !c.pinged(f) {
			return f
		}
	}
}

// pinged reports whether f is a ping of either kind, and answers it: the server
// may ask at any time, which is no news for a check that is not about pings.
func (c *client) pinged(f wire.Frame) bool {
	switch {
	case !c.isPing(f):
		return false
	case f.Op == wire.OpPing:
		c.t.check(c.conn.Send(wire.OpPong, f.Payload), "answer a ping")
	default:
		c.send("pusher:pong", "", map[string]any{})
	}
	return true
}

// next returns the next protocol message.
func (c *client) next() event {
	f := c.frame()
	if f.Op != wire.OpText {
		c.t.fatalf("got %s, want a message", c.describe(f))
	}
	return c.parse(f)
}

func (c *client) parse(f wire.Frame) event {
	e := event{raw: string(f.Payload)}
	if err := json.Unmarshal(f.Payload, &e.Members); err != nil {
		c.t.fatalf("frame %q is not a JSON object: %v", f.Payload, err)
	}
	c.t.decode(string(e.Members["event"]), &e.Event)
	if channel, ok := e.Members["channel"]; ok {
		c.t.decode(string(channel), &e.Channel)
	}
	return e
}

func (c *client) describe(f wire.Frame) string {
	switch f.Op {
	case wire.OpClose:
		code, err := wire.ParseClose(f.Payload)
		c.t.check(err, "read a close frame")
		c.t.closes.add(c.t.id, code.Code)
		return fmt.Sprintf("close %d %q", code.Code, code.Reason)
	case wire.OpPong:
		return fmt.Sprintf("pong %q", f.Payload)
	}
	return fmt.Sprintf("%q", f.Payload)
}

// expect returns the next message, which must be name on channel.
func (c *client) expect(name, channel string) event {
	e := c.next()
	if e.Event != name || e.Channel != channel {
		c.t.fatalf("got %s, want event %q on channel %q", e, name, channel)
	}
	return e
}

// text returns the data of e, which must be a JSON string.
func (c *client) text(e event) string {
	var s *string
	if err := json.Unmarshal(e.Members["data"], &s); err != nil || s == nil {
		c.t.fatalf("data of %s is not a JSON string", e)
	}
	return *s
}

// refusal reads the pusher:error that answers a command. A
// pusher:subscription_error for channel may come with it. From our own server
// its code must be null, whatever is refused; where a statement says so for
// every server, the check calls [problem.null].
func (c *client) refusal(channel string) problem {
	e := c.next()
	if e.Event == "pusher:subscription_error" && e.Channel == channel {
		e = c.next()
	}
	p := c.problem(e)
	if c.t.own() {
		p.null(c.t)
	}
	return p
}

// refused is refusal, and proves that the connection stays and that nothing
// but a pusher:subscription_error followed.
func (c *client) refused(channel string) problem {
	p := c.refusal(channel)
	for _, e := range c.untilPong() {
		if e.Event != "pusher:subscription_error" || e.Channel != channel {
			c.t.fatalf("got %s after the refusal, want nothing", e)
		}
	}
	return p
}

// putUpWith proves that the connection survives what was sent last. Our own
// server must have refused it in words.
func (c *client) putUpWith() {
	if c.t.own() {
		c.refused("")
		return
	}
	c.untilPong()
}

// untilPong sends pusher:ping and returns what came before its answer. The
// server has then taken in all that this connection sent.
func (c *client) untilPong() []event {
	c.send("pusher:ping", "", map[string]any{})
	var events []event
	for {
		e := c.next()
		if e.Event == "pusher:pong" {
			return events
		}
		events = append(events, e)
	}
}

// alive proves that the connection is open and that nothing was on its way.
func (c *client) alive() {
	if events := c.untilPong(); len(events) > 0 {
		c.t.fatalf("got %v, want only the answer to a ping", events)
	}
}

// closed reads to the close frame, whose code is returned, and then to the end
// of the TCP connection. Messages on the way are returned too.
func (c *client) closed() (wire.Close, []event) {
	var events []event
	for {
		f := c.frame()
		if f.Op == wire.OpText {
			e := c.parse(f)
			if e.Event == "pusher:connection_established" {
				c.t.fatalf("the connection was accepted, want it to be closed")
			}
			events = append(events, e)
			continue
		}
		if f.Op != wire.OpClose {
			continue
		}
		cl, err := wire.ParseClose(f.Payload)
		c.t.check(err, "read a close frame")
		c.t.closes.add(c.t.id, cl.Code)
		c.hangsUp(f.Payload)
		return cl, events
	}
}

// hangsUp answers a close frame and proves that the server, having sent its
// own, ends the connection without another frame.
func (c *client) hangsUp(payload []byte) {
	_ = c.conn.Send(wire.OpClose, payload) // it may be gone already
	if f, err := c.conn.Read(); err == nil {
		c.t.fatalf("got %s after the close frame, want the end of the connection", c.describe(f))
	} else if isTimeout(err) {
		c.t.fatalf("the connection is still open after the close frame")
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// barrier returns all events that were on their way to c: it publishes a
// marker to a channel of c's own and reads until it comes. Whatever the server
// took in before this call reaches c before the marker, or not at all.
func (c *client) barrier() []event {
	var events []event
	if c.marker == "" {
		c.marker = c.t.name("marker-")
		c.ask(c.marker, "", "")
		events = c.untilOn(c.marker, "pusher_internal:subscription_succeeded")
	}
	c.t.publish(c.app, "marker", "{}", c.marker)
	return append(events, c.untilOn(c.marker, "marker")...)
}

// untilOn returns the events before the next one on channel, which must have
// this name.
func (c *client) untilOn(channel, name string) []event {
	var events []event
	for {
		e := c.next()
		if e.Channel != channel {
			events = append(events, e)
			continue
		}
		if e.Event != name {
			c.t.fatalf("got %s, want event %q", e, name)
		}
		return events
	}
}

// hearsNothing proves that no event was on its way.
func (c *client) hearsNothing() {
	if events := c.barrier(); len(events) > 0 {
		c.t.fatalf("got %v, want nothing", events)
	}
}

// hears proves that exactly one event was on its way, and returns it.
func (c *client) hears(name, channel string) event {
	events := c.barrier()
	if len(events) != 1 || events[0].Event != name || events[0].Channel != channel {
		c.t.fatalf("got %v, want one event %q on channel %q and nothing else", events, name, channel)
	}
	return events[0]
}

// members proves that e has these members. Our own server must add no other:
// another one may have extensions, which clients ignore.
func (c *client) members(e event, names ...string) {
	for name := range e.Members {
		if c.t.own() && !slices.Contains(names, name) {
			c.t.fatalf("%s has a member %q, want only %v", e, name, names)
		}
	}
	for _, name := range names {
		if _, ok := e.Members[name]; !ok {
			c.t.fatalf("%s has no member %q", e, name)
		}
	}
}
