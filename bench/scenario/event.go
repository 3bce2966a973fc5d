package scenario

import (
	"strings"

	"fanfare/bench/loadgen"
)

// channel is the one that everybody shares, and event what is sent there.
const (
	channel = "bench"
	event   = "tick"
)

// eventWriter writes requests that make a server send frames of a wanted size.
type eventWriter struct {
	bare bool
	pad  string
}

// newEventWriter returns one for frames of size bytes on the wire, header
// included. Frames can't be smaller than what they must hold.
func newEventWriter(t *loadgen.Target, size int) eventWriter {
	header := 2
	if size-header >= 126 {
		header = 4
	}
	empty := len(appendFramePayload(nil, nil, "")) + loadgen.MarkSize
	return eventWriter{t.Bare, strings.Repeat("x", max(0, size-header-empty))}
}

// appendFramePayload appends what a subscriber gets.
func appendFramePayload(dst, mark []byte, pad string) []byte {
	dst = append(dst, `{"event":"`+event+`","channel":"`+channel+`","data":"`...)
	dst = append(dst, mark...)
	dst = append(dst, pad...)
	return append(dst, `"}`...)
}

// appendEvent appends an event for the HTTP API. A bare server is given the
// very bytes that the other one makes of it.
func (w eventWriter) appendEvent(dst []byte, m loadgen.Mark) []byte {
	var buf [loadgen.MarkSize]byte
	mark := loadgen.AppendMark(buf[:0], m)
	if w.bare {
		return appendFramePayload(dst, mark, w.pad)
	}
	dst = append(dst, `{"name":"`+event+`","channel":"`+channel+`","data":"`...)
	dst = append(dst, mark...)
	dst = append(dst, w.pad...)
	return append(dst, `"}`...)
}

// appendBatch appends n events as one batch, numbered from first on.
func (w eventWriter) appendBatch(dst []byte, publisher int, first uint32, n int) []byte {
	dst = append(dst, `{"batch":[`...)
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = w.appendEvent(dst, loadgen.Mark{Publisher: publisher, Seq: first + uint32(i)})
	}
	return append(dst, "]}"...)
}
