package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"unsafe"
)

// FrameBook is frames that wait for connections, written down: each once, however
// many wait for it, so that it is shared by as many where it is read. Connections
// name them by their numbers (ConnState.Waiting), which begin at 0. A book may be
// handed on in parts; the numbers count on from one to the next, those of rules, parts
// and shared memory, too. Plain data that travels between versions.
type FrameBook struct {
	Rules  []Rule        `json:"rules,omitempty"`
	Frames []FrameRecord `json:"frames,omitempty"`
	Parts  [][]byte      `json:"parts,omitempty"`  // of frames in parts; several may have the same
	Shared []int         `json:"shared,omitempty"` // Shared.Bytes of what such frames have in common
}

// FrameRecord is one frame written down. Plain data that travels between versions.
type FrameRecord struct {
	Bytes  []byte   `json:"bytes,omitempty"`  // or else
	Parts  []uint32 `json:"parts,omitempty"`  // their numbers,
	Shared []uint32 `json:"shared,omitempty"` // and those of the memory that they lie in

	Rule   uint32 `json:"rule,omitempty"` // its number and one; 0 is Protocol
	Topic  bool   `json:"topic,omitempty"`
	Scope  string `json:"scope,omitempty"` // of the topic,
	Name   string `json:"name,omitempty"`  // and its name within
	Waited uint32 `json:"waited,omitempty"`
}

// Split gives the book in parts, of about as many bytes each: one that has megabytes is
// encoded with less memory, which nothing has to wait for. They are to be read in order.
func (b FrameBook) Split(bytes int) iter.Seq[FrameBook] {
	return func(yield func(FrameBook) bool) {
		next, n := FrameBook{Rules: b.Rules, Shared: b.Shared}, 0
		put := func(size int) bool {
			if n += size; n < bytes {
				return true
			}
			full := next
			next, n = FrameBook{}, 0
			return yield(full)
		}
		for _, p := range b.Parts {
			next.Parts = append(next.Parts, p)
			if !put(len(p)) {
				return
			}
		}
		for _, r := range b.Frames {
			next.Frames = append(next.Frames, r)
			if !put(len(r.Bytes) + frameRecordSize) {
				return
			}
		}
		yield(next)
	}
}

// frameRecordSize is about what a frame without bytes takes.
const frameRecordSize = 16

// String implements fmt.Stringer. It has no messages.
func (b FrameBook) String() string {
	return fmt.Sprintf("book (%d frames, %d parts, %d rules)", len(b.Frames), len(b.Parts), len(b.Rules))
}

// GoString implements fmt.GoStringer.
func (b FrameBook) GoString() string { return b.String() }

// LogValue implements slog.LogValuer.
func (b FrameBook) LogValue() slog.Value { return slog.StringValue(b.String()) }

// String implements fmt.Stringer. It has no message.
func (r FrameRecord) String() string {
	return fmt.Sprintf("frame (%d bytes, %d parts, waited %d s)", len(r.Bytes), len(r.Parts), r.Waited)
}

// GoString implements fmt.GoStringer.
func (r FrameRecord) GoString() string { return r.String() }

// LogValue implements slog.LogValuer.
func (r FrameRecord) LogValue() slog.Value { return slog.StringValue(r.String()) }

// FrameWriter numbers the frames that connections wait for as they are written down.
// Frames that wait on several loops are written once if all have the same writer. The
// zero value is ready. Any goroutine.
type FrameWriter struct {
	mu     sync.Mutex
	book   FrameBook            // guarded by mu: since the last Book
	frames map[*Frame]uint32    // guarded by mu: their numbers; so are the others'
	rules  map[Rule]uint32      // guarded by mu
	parts  map[framePart]uint32 // guarded by mu
	shared map[*Shared]uint32   // guarded by mu
}

// framePart is a part of a frame as memory: which bytes, and not what they say.
type framePart struct {
	first *byte
	size  int
}

// Book gives what was written since the last call. It is to be read (FrameReader.Read)
// before connections adopt what State gave until now. Its bytes are those of the
// frames: they never change, and must not.
func (w *FrameWriter) Book() FrameBook {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.book
	w.book = FrameBook{}
	return b
}

// WriteBacklogs writes down what waits for connections that do not keep up, while the
// loops serve: there is less to write when clients have to wait for it. How long frames
// have waited is told as of now. Any goroutine.
func (s *Server) WriteBacklogs(ctx context.Context, w *FrameWriter) error {
	return s.eachLoop(ctx, func(l *Loop) {
		for _, b := range l.backlogs {
			if c := l.blockedConn(b); c != nil {
				w.writeQueue(l, c.q)
			}
		}
	})
}

func (w *FrameWriter) writeQueue(l *Loop, q *queue) {
	w.mu.Lock()
	defer w.mu.Unlock()
	q.each(func(_ uint32, f *Frame) { w.writeLocked(l, f) })
}

// writeLocked gives the frame's number, and writes it down if it has none yet.
func (w *FrameWriter) writeLocked(l *Loop, f *Frame) uint32 {
	return numberOf(&w.frames, f, func() { w.book.Frames = append(w.book.Frames, w.recordLocked(l, f)) })
}

func (w *FrameWriter) recordLocked(l *Loop, f *Frame) FrameRecord {
	r := FrameRecord{Bytes: f.bytes}
	if f.rule != nil {
		r.Rule = 1 + numberOf(&w.rules, *f.rule, func() { w.book.Rules = append(w.book.Rules, *f.rule) })
	}
	if t := f.topic; t != nil {
		r.Topic, r.Scope, r.Name = true, t.scope, t.name
	}
	if f.backlogs.Load() > 0 {
		r.Waited = uint32(max(0, l.waited(f.since.Load())))
	}
	if f.parts != nil {
		w.writePartsLocked(&r, f.parts)
	}
	return r
}

func (w *FrameWriter) writePartsLocked(r *FrameRecord, p *parts) {
	for _, b := range p.list {
		part := framePart{unsafe.SliceData(b), len(b)}
		r.Parts = append(r.Parts, numberOf(&w.parts, part, func() { w.book.Parts = append(w.book.Parts, b) }))
	}
	for _, s := range p.shared {
		r.Shared = append(r.Shared, numberOf(&w.shared, s, func() { w.book.Shared = append(w.book.Shared, s.Bytes) }))
	}
}

// numberOf gives the number of a key, the next one if it has none yet: then write is
// called.
func numberOf[K comparable](numbers *map[K]uint32, key K, write func()) uint32 {
	n, known := (*numbers)[key]
	if known {
		return n
	}
	if *numbers == nil {
		*numbers = make(map[K]uint32)
	}
	n = uint32(len(*numbers))
	(*numbers)[key] = n
	write()
	return n
}

// FrameReader makes the frames of a book again, for the connections that wait for
// them. The zero value is ready. Any goroutine.
type FrameReader struct {
	mu     sync.Mutex
	frames []writtenFrame // guarded by mu, as is what follows; only ever appended to
	rules  []*Rule
	parts  [][]byte
	shared []*Shared
}

// writtenFrame is a frame, and for how many seconds it had waited when it was
// written down.
type writtenFrame struct {
	*Frame
	waited uint32
}

var errBook = errors.New("engine: a book of frames names what is not in it")

// Read takes up the next part of the book. It keeps the bytes. On an error
// nothing of it is taken up.
func (r *FrameReader) Read(b FrameBook) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := FrameReader{rules: r.rules, parts: append(r.parts, b.Parts...), shared: r.shared}
	for i := range b.Rules {
		next.rules = append(next.rules, &b.Rules[i])
	}
	for _, n := range b.Shared {
		next.shared = append(next.shared, &Shared{Bytes: n})
	}
	frames := slices.Grow(r.frames, len(b.Frames))
	for i := range b.Frames {
		f, err := next.frame(&b.Frames[i])
		if err != nil {
			return err
		}
		frames = append(frames, writtenFrame{f, b.Frames[i].Waited})
	}
	r.frames, r.rules, r.parts, r.shared = frames, next.rules, next.parts, next.shared
	return nil
}

// frame makes one frame.
func (r *FrameReader) frame(from *FrameRecord) (*Frame, error) {
	f := &Frame{bytes: from.Bytes}
	if n := int(from.Rule); n > len(r.rules) {
		return nil, errBook
	} else if n > 0 {
		f.rule = r.rules[n-1]
	}
	if from.Topic {
		f.topic = newTopic(from.Scope, from.Name)
	}
	if len(from.Parts) == 0 {
		return f, nil
	}
	list, err := numbered(r.parts, from.Parts)
	if err != nil {
		return nil, err
	}
	shared, err := numbered(r.shared, from.Shared)
	if err != nil {
		return nil, err
	}
	f.bytes, f.parts = nil, newParts(list, shared)
	return f, nil
}

// numbered gives those of all that have the numbers.
func numbered[T any](all []T, numbers []uint32) ([]T, error) {
	some := make([]T, len(numbers))
	for i, n := range numbers {
		if int(n) >= len(all) {
			return nil, errBook
		}
		some[i] = all[n]
	}
	return some, nil
}

// all gives the frames that have been read so far. Nil has none.
func (r *FrameReader) all() []writtenFrame {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frames
}
