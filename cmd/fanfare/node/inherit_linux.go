package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"fanfare/cmd/fanfare/handover"
	"fanfare/engine"
)

// ErrChecked is that nobody wanted this process to take over, but only to know
// whether it could.
var ErrChecked = errors.New("this process could take over")

// Inherit is Run for a node that takes another's place, which is at the other end of
// the link: it returns once this one serves. After an error nothing of the other's
// was touched, and the process should end. ErrChecked is no failure.
func (m *Main) Inherit(ctx context.Context, link *handover.Link) error {
	h := &successor{main: m, link: link, handles: map[uint64]engine.Handle{}}
	defer func() { closeAll(m.PrivateListeners) }() // of which copies are served
	o, err := m.hearOffer(link)
	if err == nil {
		if h.old, err = handover.Watching(o.PID); err != nil {
			m.Log.Info("if the old process dies before it has said that this one is to serve, this one won't", "error", err)
		}
		defer h.old.Close()
		m.Late = true
		err = m.Run(ctx)
	} else {
		m.closeListeners()
	}
	if err != nil {
		h.refuse(err)
		return err
	}
	if o.Check {
		return errors.Join(h.hello(), h.forsake(), ErrChecked)
	}
	if err := h.run(ctx); err != nil {
		h.refuse(err)
		return errors.Join(err, h.forsake())
	}
	return nil
}

// successor is the new process' half of the talk.
type successor struct {
	main    *Main
	link    *handover.Link
	old     *handover.Watch          // nil: the kernel has none
	handles map[uint64]engine.Handle // of connections, by their old ones
	frames  engine.FrameReader
	taken   *inheritance
}

func (h *successor) say(m *handover.Message) error { return h.link.Send(m, answerTime) }

func (h *successor) refuse(err error) {
	_ = h.say(&handover.Message{Refusal: &handover.Refusal{Reason: err.Error()}}) // who is gone need not know
}

func (h *successor) hello() error {
	e := h.main.engine
	return h.say(&handover.Message{Hello: &handover.Hello{
		Version: h.main.Version, Commit: h.main.Commit, PID: os.Getpid(), Loops: e.Loops(), MaxConnections: e.MaxConnections(), InParts: true,
	}})
}

func (h *successor) run(ctx context.Context) error {
	if err := h.hello(); err != nil {
		return err
	}
	for h.taken == nil {
		said, descriptors, err := h.link.Receive(startTime)
		if err != nil {
			return fmt.Errorf("the hand-over came to an end before there was everything: %w", err)
		}
		switch {
		case said.Loans != nil:
			err = h.enrol(ctx, said.Loans, descriptors)
		case said.Ahead != nil:
			err = h.takeAhead(said.Ahead, descriptors)
		case said.Streams != nil:
			err = h.takeUp(ctx, said.Streams, descriptors)
		default:
			handover.CloseAll(descriptors)
			err = unexpected(said)
		}
		if err != nil {
			return err
		}
	}
	return h.awaitGo(ctx)
}

func (h *successor) enrol(ctx context.Context, list *handover.Loans, descriptors []int) error {
	if len(list.Handles) != len(descriptors) {
		handover.CloseAll(descriptors)
		return fmt.Errorf("%d connections came with %d descriptors", len(list.Handles), len(descriptors))
	}
	if err := h.main.acquaint(ctx, list.Apps); err != nil {
		handover.CloseAll(descriptors)
		return err
	}
	loans := make([]engine.Loan, len(descriptors))
	for i := range loans {
		loans[i] = engine.Loan{Handle: list.Handles[i], Descriptor: descriptors[i]}
	}
	handles, err := h.main.engine.Enrol(ctx, loans)
	for i := range handles {
		h.handles[list.Handles[i]] = handles[i]
	}
	if err != nil {
		return err
	}
	return h.say(&handover.Message{Taken: &handover.Taken{Connections: len(handles)}})
}

// takeAhead reads what may be read while the other node serves.
func (h *successor) takeAhead(list *handover.Streams, descriptors []int) (err error) {
	for name, r := range readers(list, descriptors) {
		if name == framesStream {
			err = errors.Join(err, readFrames(r, &h.frames))
		}
		err = errors.Join(err, r.Close())
	}
	if err != nil {
		return err
	}
	return h.say(&handover.Message{Taken: &handover.Taken{}})
}

func (h *successor) takeUp(ctx context.Context, list *handover.Streams, descriptors []int) (err error) {
	h.taken, err = h.main.takeUp(ctx, readers(list, descriptors), h.handles, &h.frames)
	return err
}

// readers are of streams, by their names.
func readers(list *handover.Streams, descriptors []int) map[string]*handover.Reader {
	streams := map[string]*handover.Reader{}
	for i, fd := range descriptors {
		name := ""
		if i < len(list.Names) {
			name = list.Names[i]
		}
		streams[name] = handover.NewReader(fd, name)
	}
	return streams
}

// deathTime is how long a process that was killed may take to die once it has ended the
// talk.
const deathTime = 5 * time.Second

// awaitGo says that all is prepared, and waits for the last word. If there is none any
// more because the old process is dead, everything is this one's. It may also have called
// the upgrade off and have ended another process for this one, which that had started:
// then it serves.
func (h *successor) awaitGo(ctx context.Context) error {
	t := h.taken
	err := h.say(&handover.Message{Prepared: &handover.Prepared{Connections: t.conns, Sessions: t.sessions, Lost: t.lost}})
	s := handover.Summary{ToPID: os.Getpid(), ToVersion: h.main.Version, Connections: t.conns - t.lost, Cut: t.lost} // of one that is dead
	if err == nil {
		err = h.hearGo(&s)
	}
	switch {
	case errors.Is(err, io.EOF) && h.old.Died(deathTime):
		h.main.Log.Warn("the old process died before it had said that this one is to serve; it does all the same, since everything had been handed over")
	case err != nil:
		return err
	}
	return h.serve(ctx, &s)
}

// unexpected is of a message that ends the talk.
func unexpected(said *handover.Message) error {
	if said.CalledOff != nil {
		return fmt.Errorf("the old process has called the upgrade off: %s", said.CalledOff.Reason)
	}
	return errors.New("the old process says what this version does not expect")
}

func (h *successor) hearGo(s *handover.Summary) error {
	said, _, err := h.link.Receive(startTime)
	switch {
	case err != nil:
		return err
	case said.Go == nil:
		return unexpected(said)
	}
	*s = said.Go.Summary
	return nil
}

// serve is from where on all is this node's.
func (h *successor) serve(ctx context.Context, s *handover.Summary) error {
	m, began := h.main, time.Now()
	if err := h.taken.begin(); err != nil {
		m.Log.Error("not all that was handed over could be served", "error", err)
	}
	h.taken = nil
	_ = h.say(&handover.Message{Serving: &handover.Serving{}}) // who is gone need not know
	s.Frozen, s.Took = s.Frozen+time.Since(began), s.Took+time.Since(began)
	m.upgrading.came(s)
	m.Log.Info("taken over", s.Attrs()...)
	return m.begin(ctx)
}

// forsake ends a node that has not begun to serve, without a word to the clients, who
// are the other's.
func (h *successor) forsake() error {
	h.main.Log = slog.New(slog.DiscardHandler) // nothing stops that anybody has seen start
	if h.taken != nil {
		resumeCollection()
	}
	if h.taken == nil || h.taken.hold == nil {
		hold, err := h.main.engine.Hold(context.Background())
		if err != nil {
			return err
		}
		return errors.Join(hold.Abandon(), h.main.Close())
	}
	return errors.Join(h.taken.hold.Abandon(), h.main.Close())
}
