package engine

import (
	"errors"
	"fmt"
	"net/netip"

	"fanfare/engine/http1"
	"fanfare/engine/tlsconn"
	"fanfare/engine/websocket"
)

// Adopt makes a connection that has not spoken yet, or that was taken over
// (Newcomer.TakenOver), go on where s stopped. rcv is its owner at StageOpen and nil
// at all others. frames has read the book that s was written with; it may be nil where
// s has its own or nothing waits. Nothing is sent and no callback is called before the
// loop's next turn. On an error nothing has happened.
func (c *Conn) Adopt(s ConnState, rcv Receiver, frames *FrameReader) error {
	c.loop.check()
	if c.state != stateAwaiting && (c.state != stateHTTP || c.in != nil) {
		return errors.New("engine: only a connection that has not sent anything can adopt another's state")
	}
	a, err := c.loop.understand(&s, rcv, frames)
	if err != nil {
		return err
	}
	c.state, c.rcv, c.cause, c.idle = stageStates[s.Stage], rcv, s.Cause, uint16(s.Idle)
	c.flags = s.flags()
	if s.Most > 0 {
		c.most = uint32(s.Most)
	}
	c.name(a.client, s.TLS)
	c.retag()
	c.setLeft(s.Due)
	c.adoptInput(&s, a)
	c.adoptOutput(&s, a.frames)
	return nil
}

// understood is what a state says, read.
type understood struct {
	client netip.AddrPort
	reader websocket.Reader
	chunks http1.Chunks
	secure *tlsconn.Conn
	frames []writtenFrame // those that wait
}

// understand reads all of a state that may be wrong.
func (l *Loop) understand(s *ConnState, rcv Receiver, frames *FrameReader) (a understood, err error) {
	switch {
	case s.Stage >= stages || s.Cause >= causes:
		return a, fmt.Errorf("engine: cannot adopt a state of stage %d and cause %d: they are not known here", s.Stage, s.Cause)
	case (s.Stage == StageOpen) != (rcv != nil):
		return a, errors.New("engine: an upgraded connection has a receiver, and no other has")
	case s.Stage == StageHello && l.shakes == nil:
		return a, errors.New("engine: cannot adopt the state of a connection by TLS: none is spoken here")
	}
	if s.Client != "" {
		if a.client, err = netip.ParseAddrPort(s.Client); err != nil {
			return a, fmt.Errorf("engine: cannot adopt the state of client %q: %w", s.Client, err)
		}
	}
	if err := a.reader.RestoreState(s.Reader); err != nil {
		return a, err
	}
	if s.Request != nil {
		if err := a.chunks.RestoreState(s.Request.Chunks); err != nil {
			return a, err
		}
	}
	if s.Secure != nil {
		if a.secure, err = tlsconn.Restore(s.Secure.State); err != nil {
			return a, err
		}
	}
	a.frames, err = s.waiting(frames)
	return a, err
}

// waiting gives the frames that wait.
func (s *ConnState) waiting(book *FrameReader) ([]writtenFrame, error) {
	if s.Frames != nil {
		book = &FrameReader{}
		if err := book.Read(*s.Frames); err != nil {
			return nil, err
		}
	}
	if len(s.Waiting) == 0 {
		return nil, nil
	}
	frames, err := numbered(book.all(), s.Waiting)
	if err == nil && (s.Sent < 0 || s.Sent >= frames[0].Len()) {
		err = fmt.Errorf("engine: %d bytes of a frame of %d can't have been sent already", s.Sent, frames[0].Len())
	}
	return frames, err
}

func (s *ConnState) flags() (f flags) {
	r := s.Request
	if r == nil {
		r = &RequestState{}
	}
	for _, is := range []struct {
		flag flags
		set  bool
	}{
		{flagSurplus, s.Surplus},
		{flagAnswered, r.Answered},
		{flagKeepAlive, r.KeepAlive},
		{flagHead, r.HeadOnly},
		{flagHTTP10, r.HTTP10},
		{flagContinued, r.Continued},
		{flagFin, s.HalfShutDown},
		{flagPeerClosed, s.PeerClosed},
		{flagPinged, s.Pinged},
		{flagProxyHeader, s.AwaitsProxy},
		{flagSealed, s.Secure != nil},
	} {
		if is.set {
			f |= is.flag
		}
	}
	return f
}

// setLeft is the inverse of left.
func (c *Conn) setLeft(seconds int) {
	due := uint32(0)
	if seconds > 0 {
		due = c.loop.now + uint32(seconds)
	}
	*c.loop.slots.due(c.slot) = due
}

// adoptInput keeps what had been read, and looks at it with the next turn: what is
// there may be whole, where the answer to a request was awaited until just now.
func (c *Conn) adoptInput(s *ConnState, a understood) {
	l := c.loop
	if a.secure != nil {
		l.secureOf(c).conn = a.secure
	}
	l.keepReader(c, &a.reader)
	if r := s.Request; r != nil && len(r.Head) > 0 {
		in := l.inboundOf(c)
		in.head, in.body, in.onBody = append([]byte(nil), r.Head...), append([]byte(nil), r.Body...), true
		in.limit, in.chunked, in.chunks = r.Limit, r.Chunked, a.chunks
	}
	if len(s.Input) > 0 {
		in := l.inboundOf(c)
		in.buf = append(in.buf, s.Input...)
		l.resume(c)
	}
	if s.Secure != nil && len(s.Secure.Input) > 0 {
		in := l.inboundOf(c)
		in.sealed = append(in.sealed, s.Secure.Input...)
	}
	if c.in != nil {
		c.in.since = l.now - s.InputAge
		l.countInput(c.in)
	}
}

// adoptOutput has what waits sent with the next turn, or when the socket takes it.
func (c *Conn) adoptOutput(s *ConnState, frames []writtenFrame) {
	l := c.loop
	if s.Stalled > 0 {
		l.adoptBacklog(c, s, frames)
		return
	}
	out := l.slots.out(c.slot)
	for _, f := range frames {
		out.run = l.runs.answer(out.run, f.Frame)
	}
	if out.run != 0 {
		c.set(flagUrgent)
		l.urgent = append(l.urgent, c)
		l.rouse()
	}
}

// adoptBacklog goes on with a backlog as it was: what was dropped is not there any
// more, and how long the rest had waited counts.
func (l *Loop) adoptBacklog(c *Conn, s *ConnState, frames []writtenFrame) {
	c.q = l.takeQueue()
	if s.Secure != nil {
		l.setRest(c.q, s.Secure.Output)
	}
	for _, f := range frames {
		c.q.push(f.Frame)
	}
	c.q.off, c.q.bytes = s.Sent, c.q.bytes-s.Sent
	if c.q.since = l.clock() - int64(s.Stalled); c.q.since == 0 {
		c.q.since = 1 // 0 says that it takes them
	}
	c.q.each(func(position uint32, f *Frame) { l.hold(c.q, position, f) })
	for _, f := range frames {
		f.since.Store(l.now - f.waited)
	}
	c.set(flagBlocked)
	c.retag()
	l.insertBacklog(backlog{c.Handle(), c.q.since})
	l.watch(c)
}
