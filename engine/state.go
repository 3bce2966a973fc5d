package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"fanfare/engine/tlsconn"
	"fanfare/engine/websocket"
)

// ConnState is what an upgraded connection holds besides its socket, written
// down: what another connection, or another process, needs to go on with the
// byte streams where this one stopped. Plain data.
type ConnState struct {
	Input  []byte   `json:"input,omitempty"`  // bytes read and not used yet: half a frame
	Reader []byte   `json:"reader,omitempty"` // a message of which some fragments came
	Output [][]byte `json:"output,omitempty"` // frames not sent; the first may be the rest of one
	Idle   int      `json:"idle,omitempty"`   // seconds of silence before Receiver.Idle

	Secure *SecureState `json:"secure,omitempty"` // of a connection by TLS to us

	Client string `json:"client,omitempty"` // "ip:port" that a PROXY header named
	TLS    bool   `json:"tls,omitempty"`    // the client came by TLS
}

// SecureState is the TLS of a connection written down. It is secret.
type SecureState struct {
	tlsconn.State
	Input  []byte `json:"input,omitempty"`  // the beginning of a record
	Output []byte `json:"output,omitempty"` // records to be sent before all else
}

// String implements fmt.Stringer. It has neither messages nor secrets, as JSON does.
func (s ConnState) String() string {
	return fmt.Sprintf("connection (client %q, TLS %v, %d bytes in, %d frames out)", s.Client, s.TLS, len(s.Input)+len(s.Reader), len(s.Output))
}

// GoString implements fmt.GoStringer.
func (s ConnState) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s ConnState) LogValue() slog.Value { return slog.StringValue(s.String()) }

// State writes the connection down. It goes on as before, and must not go on to
// send once another does.
func (c *Conn) State() ConnState {
	c.loop.check()
	s := ConnState{Idle: int(c.idle), TLS: c.OverTLS()}
	if c.has(flagNamed) {
		s.Client = c.Remote()
	}
	if c.has(flagSealed) {
		s.Secure = c.secureState()
	}
	if c.in != nil {
		s.Reader = c.in.reader.AppendState(nil)
		s.Input = append(s.Input, c.in.buf...)
	}
	c.loop.runs.each(c.loop.slots.out(c.slot).run, func(f *Frame) { s.Output = append(s.Output, f.flat()) })
	if c.q == nil {
		return s
	}
	if len(c.q.rest) > 0 {
		s.Secure.Output = append(s.Secure.Output, c.q.rest...)
	}
	first := len(s.Output)
	c.q.each(func(_ uint32, f *Frame) { s.Output = append(s.Output, f.flat()) })
	if c.q.n > 0 {
		s.Output[first] = s.Output[first][c.q.off:]
	}
	return s
}

// Adopt makes a connection that has not spoken yet go on where s stopped,
// with rcv as its owner: it is upgraded already.
func (c *Conn) Adopt(s ConnState, rcv Receiver) error {
	c.loop.check()
	if c.state != stateHTTP || c.in != nil {
		return errors.New("engine: only a connection that has not sent anything can adopt another's state")
	}
	var client netip.AddrPort
	if s.Client != "" {
		var err error
		if client, err = netip.ParseAddrPort(s.Client); err != nil {
			return fmt.Errorf("engine: cannot adopt the state of client %q: %w", s.Client, err)
		}
	}
	var reader websocket.Reader
	if err := reader.RestoreState(s.Reader); err != nil {
		return err
	}
	secured, err := s.restoreTLS()
	if err != nil {
		return err
	}
	c.state, c.rcv, c.idle = stateOpen, rcv, uint16(s.Idle)
	c.name(client, s.TLS)
	c.loop.keepReader(c, &reader)
	c.retag()
	c.touch()
	if s.Secure != nil {
		c.loop.adoptSecure(c, s.Secure, secured)
	}
	for _, b := range s.Output {
		c.push(NewRaw(Protocol, b))
	}
	if len(s.Input) > 0 {
		in := c.loop.inboundOf(c)
		in.buf = append(in.buf, s.Input...)
		c.loop.reconsume(c)
	}
	return nil
}

// secureState writes the TLS of a connection down.
func (c *Conn) secureState() *SecureState {
	s := &SecureState{State: c.loop.secureOf(c).conn.State()}
	if c.in != nil {
		s.Input = append(s.Input, c.in.sealed...)
	}
	return s
}

func (s *ConnState) restoreTLS() (*tlsconn.Conn, error) {
	if s.Secure == nil {
		return nil, nil
	}
	return tlsconn.Restore(s.Secure.State)
}

// adoptSecure goes on with records where another stopped.
func (l *Loop) adoptSecure(c *Conn, s *SecureState, conn *tlsconn.Conn) {
	l.secureOf(c).conn = conn
	c.set(flagSealed)
	if len(s.Input) > 0 {
		in := l.inboundOf(c)
		in.sealed = append(in.sealed, s.Input...)
	}
	if len(s.Output) > 0 {
		c.q = l.takeQueue()
		l.setRest(c.q, s.Output)
		l.block(c) // so that what is sent from here on comes after it
	}
}
