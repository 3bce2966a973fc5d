package node

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/handover"
	"fanfare/engine"
	"fanfare/protocol"
)

// inheritance is what a node that is Late takes up, while its loops are held.
type inheritance struct {
	main    *Main
	hold    *engine.Hold
	handles map[uint64]engine.Handle // of enrolled connections, by their old ones
	frames  *engine.FrameReader

	mu    sync.Mutex
	mine  [][]connState        // guarded by mu: by loop
	apps  map[string]*apps.App // guarded by mu: nil for those that are no more
	known map[uint64]bool      // guarded by mu: connections of which there is a state

	conns, sessions, lost int
}

// takeUp takes up all that is in the streams, by their names, and closes them; frames
// has what came ahead of them.
// Nothing of it is seen outside of the process before begin: the loops are held
// and still when it returns, also with an error.
func (m *Main) takeUp(ctx context.Context, streams map[string]*handover.Reader, handles map[uint64]engine.Handle, frames *engine.FrameReader) (*inheritance, error) {
	i := &inheritance{
		main: m, handles: handles, frames: frames, apps: map[string]*apps.App{}, known: map[uint64]bool{},
		mine: make([][]connState, m.engine.Loops()),
	}
	spareCollection() // until it begins, or is given up
	err := i.read(ctx, streams)
	for _, r := range streams {
		_ = r.Close() // it was read
	}
	if err != nil {
		return i, err
	}
	if i.hold, err = m.engine.Hold(ctx); err != nil {
		return i, err
	}
	return i, i.attach()
}

// read takes up what is the node's, and reads what is the loops', of all streams at
// once.
func (i *inheritance) read(ctx context.Context, streams map[string]*handover.Reader) error {
	errs := make(chan error, len(streams))
	for name, r := range streams {
		go func() { errs <- i.readStream(ctx, name, r) }()
	}
	var all error
	for range streams {
		all = errors.Join(all, <-errs)
	}
	return all
}

func (i *inheritance) readStream(ctx context.Context, name string, r *handover.Reader) error {
	kind, _, _ := strings.Cut(name, " ")
	switch kind {
	case nodeStream:
		return i.readNode(r)
	case framesStream:
		return readFrames(r, i.frames)
	case channelsStream:
		var all []channels.AppState
		if err := r.Next(&all); err != nil {
			return err
		}
		i.main.registry.Import(all)
		return nil
	case loopStream:
		return i.readConns(ctx, r)
	}
	return nil // of a version that has more to tell
}

func readFrames(from *handover.Reader, into *engine.FrameReader) error {
	for {
		var book engine.FrameBook
		switch err := from.Next(&book); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := into.Read(book); err != nil {
			return err
		}
	}
}

func (i *inheritance) readNode(r *handover.Reader) error {
	var s nodeState
	if err := r.Next(&s); err != nil {
		return err
	}
	m := i.main
	m.users.Pause()
	m.users.Import(s.Users)
	m.gate.Import(s.Gate)
	m.api.ImportRates(s.Rates)
	m.upgrading.count(s.Upgrades, s.CalledOff)
	if s.Hooks == nil {
		return nil
	}
	return m.hooks.Import(s.Hooks)
}

// readConns sorts connections by the loops that have enrolled them.
func (i *inheritance) readConns(ctx context.Context, r *handover.Reader) error {
	mine := make([][]connState, len(i.mine))
	for {
		var s connState
		switch err := r.Next(&s); {
		case errors.Is(err, io.EOF):
			i.keep(mine)
			return nil
		case err != nil:
			return err
		}
		if s.Session != nil {
			if err := i.find(ctx, s.Session.App); err != nil {
				return err
			}
		}
		at := engine.LoopOf(i.handles[s.Handle]) // of none: any
		mine[at] = append(mine[at], s)
	}
}

func (i *inheritance) keep(mine [][]connState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for at, list := range mine {
		i.mine[at] = append(i.mine[at], list...)
		for j := range list {
			i.known[list[j].Handle] = true
		}
	}
}

// find looks an app up, once, in vain perhaps.
func (i *inheritance) find(ctx context.Context, id string) error {
	i.mu.Lock()
	_, known := i.apps[id]
	i.mu.Unlock()
	if known {
		return nil
	}
	app, err := i.main.lookUp(ctx, id)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.apps[id] = app
	return nil
}

// attach gives each loop its connections.
func (i *inheritance) attach() error {
	counts := make([]inheritance, len(i.mine))
	err := i.hold.Each(func(l *engine.Loop) {
		mine := heir{inheritance: i, loop: l}
		for j := range i.mine[l.Index()] {
			mine.take(&i.mine[l.Index()][j])
		}
		mine.closeUnknown()
		counts[l.Index()] = inheritance{conns: mine.conns, sessions: mine.sessions, lost: mine.lost}
	})
	for j := range counts {
		i.conns += counts[j].conns
		i.sessions += counts[j].sessions
		i.lost += counts[j].lost
	}
	return err
}

// heir is one loop that takes its connections up.
type heir struct {
	*inheritance
	loop                  *engine.Loop
	conns, sessions, lost int
}

func (h *heir) take(s *connState) {
	c := h.loop.Conn(h.handles[s.Handle])
	switch {
	case s.Session != nil:
		h.takeSession(c, s.Session)
	case c == nil || s.Conn == nil:
		h.lost++
	default:
		h.conns++
		if err := c.Adopt(*s.Conn, nil, h.frames); err != nil {
			h.fail("", err)
			c.Abort(engine.CauseLocal)
		}
	}
}

func (h *heir) takeSession(c *engine.Conn, r *protocol.Record) {
	app, p := h.apps[r.App], h.main.pusher
	if c == nil { // it was reset on the way
		h.lost++
		p.Lose(h.loop, r, app)
		return
	}
	h.conns++
	h.sessions++
	if err := p.Attach(c, r, app, h.frames); err != nil {
		h.fail(r.SocketID, err)
		p.TurnAway(c, r, app, h.frames, err)
	}
}

func (h *heir) fail(socketID string, err error) {
	h.lost++
	h.main.sampled.Warn("a connection could not be taken over; it is closed", "socket_id", socketID, "error", err)
}

// closeUnknown closes what was enrolled and has ended since.
func (h *heir) closeUnknown() {
	for old, at := range h.handles {
		if at == 0 || engine.LoopOf(at) != h.loop.Index() || h.known[old] {
			continue
		}
		if c := h.loop.Conn(at); c != nil {
			c.Abort(engine.CausePeer)
		}
	}
}

// begin has the node serve what it has taken up: it is its own now.
func (i *inheritance) begin() error {
	defer resumeCollection()
	m := i.main
	errs := make([]error, m.engine.Loops())
	err := i.hold.Each(func(l *engine.Loop) {
		l.Each(func(c *engine.Conn) { errs[l.Index()] = errors.Join(errs[l.Index()], c.Wake()) })
	})
	err = errors.Join(err, m.engine.Serve())
	i.hold.Release()
	m.registry.Settle()
	m.users.Resume()
	return errors.Join(errors.Join(errs...), err, m.hooks.Resume())
}
