package course

import (
	"math"
	"strings"

	"fanfare/bench/loadgen"
)

// Channel is the one that everybody shares where a scenario needs no other.
const Channel = "bench"

// event is the name of what is published.
const event = "tick"

// EventWriter writes events that make a server send frames of a wanted size.
type EventWriter struct {
	bare       bool
	lead, tail string // of the data, around the mark, as JSON has it within a string
}

// NewEventWriter returns one for frames of size bytes on the wire, header
// included, to channels with names as long as example. Frames can't be smaller
// than what they must hold.
func NewEventWriter(t *loadgen.Target, example string, size int) EventWriter {
	return EventWriter{bare: t.Bare}.padded(example, size)
}

// NewTickWriter returns one whose data is a quote as market feeds have it.
func NewTickWriter(t *loadgen.Target, example string, size int) EventWriter {
	w := EventWriter{
		bare: t.Bare,
		lead: `{\"bid\":187.4512,\"ask\":187.4518,\"vol\":1200,\"id\":\"`,
		tail: `\",\"x\":\"`,
	}.padded(example, size-len(`\"}`))
	w.tail += `\"}`
	return w
}

// padded lengthens the data until frames have the wanted size.
func (w EventWriter) padded(example string, size int) EventWriter {
	header := 2
	switch {
	case size-10 > math.MaxUint16:
		header = 10
	case size-header >= 126:
		header = 4
	}
	empty := len(w.appendFramePayload(nil, example, loadgen.Mark{}))
	w.tail += strings.Repeat("x", max(0, size-header-empty))
	return w
}

// appendFramePayload appends what a subscriber gets.
func (w EventWriter) appendFramePayload(dst []byte, channel string, m loadgen.Mark) []byte {
	dst = append(append(dst, `{"event":"`+event+`","channel":"`...), channel...)
	return w.appendData(append(dst, `","data":"`...), m)
}

// AppendEvent appends an event for the HTTP API. A bare server is given the
// very bytes that the other one makes of it.
func (w EventWriter) AppendEvent(dst []byte, channel string, m loadgen.Mark) []byte {
	if w.bare {
		return w.appendFramePayload(dst, channel, m)
	}
	dst = append(append(dst, `{"name":"`+event+`","channel":"`...), channel...)
	return w.appendData(append(dst, `","data":"`...), m)
}

func (w EventWriter) appendData(dst []byte, m loadgen.Mark) []byte {
	dst = loadgen.AppendMark(append(dst, w.lead...), m)
	dst = append(dst, w.tail...)
	return append(dst, `"}`...)
}

// appendBatch appends the body of a request to batch_events.
func appendBatch(dst []byte, marks []loadgen.Mark, write func([]byte, loadgen.Mark) []byte) []byte {
	dst = append(dst, `{"batch":[`...)
	for i, m := range marks {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = write(dst, m)
	}
	return append(dst, "]}"...)
}
