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
	class Class

	// backlogs counts the connections that wait for the frame because their
	// sockets take no more.
	backlogs atomic.Int32
}

// Class tells what may happen to a frame on a connection that can't keep up.
type Class uint8

const (
	// Protocol frames are never dropped: confirmations, errors, pongs.
	Protocol Class = iota
	// Event frames are a channel's messages: what a slow-consumer policy may
	// drop. Today's only policy drops nothing singly, it closes.
	Event
)

// NewText makes a frame of one WebSocket text message. It copies payload.
func NewText(class Class, payload []byte) *Frame {
	b := make([]byte, 0, websocket.HeaderLen(len(payload))+len(payload))
	return &Frame{bytes: websocket.AppendFrame(b, websocket.Text, payload), class: class}
}

// NewRaw makes a frame of bytes that are sent as they are. It keeps b.
func NewRaw(class Class, b []byte) *Frame { return &Frame{bytes: b, class: class} }

// Len is the frame's size on the wire, in bytes.
func (f *Frame) Len() int { return len(f.bytes) }
