package node

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"fanfare/cmd/fanfare/handover"
	"fanfare/engine"
)

// estate is a node written down.
type estate struct {
	names   []string
	streams []*handover.Writer

	conns int // connections
	left  int // that could not be written down, and end with the process
	bytes int64
}

func (e *estate) close() {
	for _, w := range e.streams {
		_ = w.Close() // it was read, or nobody wants it
	}
}

// descriptors are those of the streams, which are whole.
func (e *estate) descriptors() (list []int, err error) {
	for _, w := range e.streams {
		size, fd, err := w.End()
		if err != nil {
			return nil, err
		}
		e.bytes += size
		list = append(list, fd)
	}
	return list, nil
}

func (e *estate) stream(name string) (*handover.Writer, error) {
	w, err := handover.NewWriter("fanfare " + name)
	if err == nil {
		e.names, e.streams = append(e.names, name), append(e.streams, w)
	}
	return w, err
}

// writeAhead writes down, while the node serves, what would take longest once it does
// not. The caller closes the estate.
func (m *Main) writeAhead(ctx context.Context, frames *engine.FrameWriter) (*estate, error) {
	e := &estate{}
	if err := errors.Join(m.engine.WriteBacklogs(ctx, frames), e.writeFrames(frames, true)); err != nil {
		e.close()
		return nil, fmt.Errorf("cannot write down what waits for slow clients: %w", err)
	}
	return e, nil
}

// writeDown writes down all that a node at rest has, but for frames that were written
// ahead. inParts tells whether more than one book of them may be written. The caller
// closes the estate.
func (r *rest) writeDown(ctx context.Context, frames *engine.FrameWriter, inParts bool) (*estate, error) {
	e := &estate{}
	err := errors.Join(e.writeConns(r, frames), e.writeFrames(frames, inParts), e.writeChannels(r.main), e.writeNode(ctx, r.main))
	if err != nil {
		e.close()
		return nil, fmt.Errorf("cannot write the node down: %w", err)
	}
	return e, nil
}

// writeConns has each loop write its connections.
func (e *estate) writeConns(r *rest, frames *engine.FrameWriter) error {
	loops := r.main.engine.Loops()
	list, errs := make([]loopWriter, loops), make([]error, loops)
	for i := range list {
		w, err := e.stream(fmt.Sprint(loopStream, " ", i))
		if err != nil {
			return err
		}
		list[i] = loopWriter{main: r.main, frames: frames, to: w}
	}
	err := r.hold.Each(func(l *engine.Loop) { errs[l.Index()] = list[l.Index()].write(l) })
	for i := range list {
		e.conns += list[i].conns
		e.left += list[i].left
	}
	return errors.Join(errors.Join(errs...), err)
}

// loopWriter writes the connections of one loop.
type loopWriter struct {
	main        *Main
	frames      *engine.FrameWriter
	to          *handover.Writer
	conns, left int
}

func (w *loopWriter) write(l *engine.Loop) (err error) {
	l.Each(func(c *engine.Conn) {
		if err == nil {
			err = w.put(c)
		}
	})
	return err
}

func (w *loopWriter) put(c *engine.Conn) error {
	s := connState{Handle: c.Handle()}
	if record, ok := w.main.pusher.Export(c, w.frames); ok {
		s.Session = &record
	} else if conn, ok := c.State(w.frames); ok && conn.Stage != engine.StageOpen {
		s.Conn = &conn
	} else {
		w.left++
		return nil
	}
	w.conns++
	return w.to.Put(&s)
}

func (e *estate) writeFrames(frames *engine.FrameWriter, inParts bool) error {
	w, err := e.stream(framesStream)
	if err != nil {
		return err
	}
	book := frames.Book()
	if !inParts {
		return w.Put(book)
	}
	for part := range book.Split(partBytes) {
		if err := w.Put(part); err != nil {
			return err
		}
	}
	return nil
}

// partBytes is how much is encoded at once of what waits for slow clients.
const partBytes = 256 << 10

// writeChannels writes as many parts as there are loops, all at once.
func (e *estate) writeChannels(m *Main) error {
	parts := m.engine.Loops()
	errs := make([]error, parts)
	var running sync.WaitGroup
	for i := range parts {
		w, err := e.stream(fmt.Sprint(channelsStream, " ", i))
		if err != nil {
			errs[i] = err
			break
		}
		running.Go(func() { errs[i] = w.Put(m.registry.Export(i, parts)) })
	}
	running.Wait()
	return errors.Join(errs...)
}

func (e *estate) writeNode(ctx context.Context, m *Main) error {
	w, err := e.stream(nodeStream)
	if err != nil {
		return err
	}
	s := nodeState{Users: m.users.Export(), Gate: m.gate.Export(), Rates: m.api.ExportRates()}
	s.Upgrades, s.CalledOff = m.upgrading.counts()
	s.Upgrades++
	if s.Hooks, err = m.hooks.Export(ctx); err != nil {
		return err
	}
	return w.Put(&s)
}
