package tlsconn

import (
	"errors"
	"fmt"
	"log/slog"
)

// State is a connection written down, so that another process can go on with it.
// It is plain data, and secret: whoever has it reads and forges what follows.
type State struct {
	Suite     uint16 `json:"suite"`                // as crypto/tls numbers them
	In        Half   `json:"in"`                   // what the peer seals
	Out       Half   `json:"out"`                  // what we seal
	Message   []byte `json:"message,omitempty"`    // the head of a handshake message, as far as it came,
	Left      uint32 `json:"left,omitempty"`       // and what is to come of it
	UpdateDue bool   `json:"update_due,omitempty"` // the peer has asked for our KeyUpdate
}

// Half is one direction of a State: its secret (of TLS 1.2: its key and the derived
// part of its nonce), and the number of the next record.
type Half struct {
	Secret []byte `json:"secret"`
	Seq    uint64 `json:"seq"`
}

// State writes a server's side of a connection down. It goes on as before, and
// must not when another does: no number may be used twice.
func (c *Conn) State() State {
	return State{
		Suite: c.suite.id, In: c.in.state(c.suite), Out: c.out.state(c.suite),
		Message: append([]byte(nil), c.post.head[:c.post.have]...), Left: c.post.left, UpdateDue: c.updateDue,
	}
}

func (h *half) state(s *suite) Half {
	return Half{Secret: append([]byte(nil), h.keys[:s.secretLen()]...), Seq: h.seq}
}

// secretLen is how much of half.keys is used.
func (s *suite) secretLen() int {
	if s.version == tls13 {
		return s.hash().Size()
	}
	return s.keyLen + s.ivLen
}

// Restore goes on with a connection that was written down.
func Restore(s State) (*Conn, error) {
	found, err := findSuite(s.Suite)
	if err != nil {
		return nil, err
	}
	want := found.secretLen()
	if len(s.In.Secret) != want || len(s.Out.Secret) != want {
		return nil, fmt.Errorf("tlsconn: the secrets of a state have %d and %d bytes; suite %#x has %d", len(s.In.Secret), len(s.Out.Secret), s.Suite, want)
	}
	c := &Conn{suite: found, updateDue: s.UpdateDue}
	if len(s.Message) > len(c.post.head) || s.Left >= maxTicketMessage {
		return nil, errors.New("tlsconn: a state has more of a handshake message than there can be")
	}
	copy(c.in.keys[:], s.In.Secret)
	copy(c.out.keys[:], s.Out.Secret)
	c.in.seq, c.out.seq = s.In.Seq, s.Out.Seq
	c.post.have, c.post.left = uint8(copy(c.post.head[:], s.Message)), s.Left
	return c, nil
}

// A State says what it is in logs and messages, and nothing of its secrets. JSON has
// them: that is how it is handed on.

// String implements fmt.Stringer.
func (s State) String() string {
	return fmt.Sprintf("tls state (suite %#x, records %d in, %d out)", s.Suite, s.In.Seq, s.Out.Seq)
}

// GoString implements fmt.GoStringer.
func (s State) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s State) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String implements fmt.Stringer.
func (h Half) String() string {
	return fmt.Sprintf("secret of %d bytes, record %d", len(h.Secret), h.Seq)
}

// GoString implements fmt.GoStringer.
func (h Half) GoString() string { return h.String() }

// LogValue implements slog.LogValuer.
func (h Half) LogValue() slog.Value { return slog.StringValue(h.String()) }
