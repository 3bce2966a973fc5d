package engine

import (
	"slices"
	"sync/atomic"

	"fanfare/engine/websocket"
)

// Frame is a run of bytes ready for the wire, shared by all connections that
// it is sent to. It is immutable from the moment it is first sent; the
// garbage collector frees it after the last connection has.
type Frame struct {
	bytes []byte // nil when it is in parts
	parts *parts
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

// Shared is memory of which several frames have parts, so that it is counted
// once however many of them wait. It must not be copied.
type Shared struct {
	Bytes int // static

	frames atomic.Int32 // that wait for sockets which take no more
}

// parts are the bytes of a frame that shares them with others. Only a frame that
// is larger than any send is in parts.
type parts struct {
	list   [][]byte
	shared []*Shared
	size   int
	own    int // bytes that no other frame has
}

// What a part, and memory that is shared, costs each frame.
const (
	partBytes   = 24
	sharedBytes = 8
)

// NewTextOf makes a frame of one WebSocket text message that is put together of
// parts, most of which lie in memory that other frames have parts of, too: a
// connection that waits for it keeps that and no copy. The parts are kept and
// must not change any more; a small message is copied. Any goroutine.
func NewTextOf(rule *Rule, shared []*Shared, list ...[]byte) *Frame {
	size := 0
	for _, b := range list {
		size += len(b)
	}
	if TextLen(size) <= sendBytes {
		return NewText(rule, slices.Concat(list...))
	}
	head := websocket.AppendHeader(nil, websocket.Text, true, size)
	return &Frame{parts: newParts(append([][]byte{head}, list...), slices.Clone(shared)), rule: rule}
}

// newParts keeps both lists.
func newParts(list [][]byte, shared []*Shared) *parts {
	p := &parts{list: list, shared: shared}
	for _, b := range list {
		p.size += len(b)
	}
	p.own = p.size + partBytes*len(p.list) + sharedBytes*len(shared)
	for _, s := range shared {
		p.own -= s.Bytes
	}
	return p
}

// appendFrom appends the frame's bytes from off on, as many as fit into dst.
func (f *Frame) appendFrom(dst []byte, off int) []byte {
	if f.parts == nil {
		return appendFit(dst, f.bytes[off:])
	}
	for _, b := range f.parts.list {
		if off < len(b) {
			dst = appendFit(dst, b[off:])
		}
		if off = max(off-len(b), 0); len(dst) == cap(dst) {
			break
		}
	}
	return dst
}

func appendFit(dst, b []byte) []byte { return append(dst, b[:min(len(b), cap(dst)-len(dst))]...) }

// flat gives the frame's bytes in one piece.
func (f *Frame) flat() []byte {
	if f.parts == nil {
		return f.bytes
	}
	return f.appendFrom(make([]byte, 0, f.parts.size), 0)
}

// retain notes that a connection waits for the frame for which none did, and
// returns the bytes that this keeps in memory. Any goroutine.
func (f *Frame) retain() int { return f.count(1, 1) }

// release notes that no connection waits for the frame any more, and returns
// the bytes that need not be kept for it. Any goroutine.
func (f *Frame) release() int { return f.count(-1, 0) }

// count adds to the frames that wait for what f shares. Memory for which there
// are then so many counts with the frame.
func (f *Frame) count(n, so int32) int {
	if f.parts == nil {
		return len(f.bytes)
	}
	bytes := f.parts.own
	for _, s := range f.parts.shared {
		if s.frames.Add(n) == so {
			bytes += s.Bytes
		}
	}
	return bytes
}

// TextLen is the size on the wire of a text message of n bytes.
func TextLen(n int) int { return websocket.HeaderLen(n) + n }

// Len is the frame's size on the wire, in bytes.
func (f *Frame) Len() int {
	if f.parts == nil {
		return len(f.bytes)
	}
	return f.parts.size
}
