package engine

import (
	"sync/atomic"

	"fanfare/engine/websocket"
)

// Frame is a run of bytes ready for the wire, shared by all connections that
// it is sent to. It is immutable from the moment it is first sent; the
// garbage collector frees it after the last connection has.
type Frame struct {
	bytes []byte
	rule  *Rule  // nil: never dropped
	topic *topic // nil: no newer frame replaces it

	// Atomic. Of the connections that wait for the frame because their sockets
	// take no more: how many there are, and since when (Loop.now) there are any.
	backlogs atomic.Int32
	since    atomic.Uint32
}

// NewText makes a frame of one WebSocket text message. It copies payload and
// keeps rule, which must not change any more. Any goroutine.
func NewText(rule *Rule, payload []byte) *Frame {
	b := make([]byte, 0, TextLen(len(payload)))
	return &Frame{bytes: websocket.AppendFrame(b, websocket.Text, payload), rule: rule}
}

// NewTopic is NewText for a frame that, under a rule of Conflate, replaces an
// older one of the same topic: the same scope and name, for instance a channel
// and an event. The frame keeps both texts.
func NewTopic(rule *Rule, scope, name string, payload []byte) *Frame {
	f := NewText(rule, payload)
	if rule != nil && rule.Policy == Conflate {
		f.topic = newTopic(scope, name)
	}
	return f
}

// NewRaw makes a frame of bytes that are sent as they are. It keeps b.
func NewRaw(rule *Rule, b []byte) *Frame { return &Frame{bytes: b, rule: rule} }

// TextLen is the size on the wire of a text message of n bytes.
func TextLen(n int) int { return websocket.HeaderLen(n) + n }

// Len is the frame's size on the wire, in bytes.
func (f *Frame) Len() int { return len(f.bytes) }
