//go:build linux

package loadgen

import (
	"crypto/tls"
	"math"
	"net"
	"slices"

	"fanfare/engine/tlsconn"
)

// secure is the TLS of a stream. Its handshake is made by a goroutine, which is
// the only one besides the loop's.
type secure struct {
	hello  *tlsconn.Handshake // while it is made
	conn   *tlsconn.Conn      // from then on
	plain  []byte             // what is to be sent when it stands
	sealed []byte             // the beginning of a record
	err    error              // why it does not go on
}

// begin begins the handshake. first is sent when it is over.
func (s *stream) begin(config *tls.Config, first []byte) {
	l := s.loop
	l.roomForTLS()
	sec := &secure{plain: slices.Clone(first)}
	s.secure = sec
	sec.hello = tlsconn.Client(config, tlsconn.Peer{Send: func(b []byte) {
		l.post(func() {
			if s.secure == sec && s.fd >= 0 {
				sec.err = s.writeRaw(b)
			}
		})
	}})
	l.handshakes.Go(func() {
		conn, _, err := sec.hello.Run()
		l.post(func() {
			if s.secure == sec && s.fd >= 0 {
				s.secured(conn, err)
			}
		})
	})
}

// secured goes on when the handshake is over.
func (s *stream) secured(conn *tlsconn.Conn, err error) {
	sec := s.secure
	if err == nil {
		sec.sealed, sec.hello, sec.conn = sec.hello.Rest(), nil, conn
		first := sec.plain
		sec.plain = nil
		err = s.write(first)
	}
	if sec.err = err; err != nil || len(sec.sealed) > 0 {
		s.owner.ready(0x1) // EPOLLIN: it reads, and finds the error or what is there
	}
}

// end ends a handshake under way.
func (sec *secure) end() {
	if sec != nil && sec.hello != nil {
		sec.hello.End(net.ErrClosed)
	}
}

// readSecure is readUpTo by TLS.
func (s *stream) readSecure(kept, limit int) ([]byte, error) {
	l, sec := s.loop, s.secure
	if sec.err != nil {
		return nil, sec.err
	}
	raw := append(l.raw[:0], sec.sealed...)
	n, err := s.receive(raw[len(raw):min(len(raw)+limit, cap(raw))])
	if err != nil {
		return nil, err
	}
	raw = raw[:len(raw)+n]
	if sec.hello != nil {
		sec.hello.Feed(raw, math.MaxInt)
		return l.buf[:kept], nil
	}
	b := l.buf[:kept]
	for {
		plain, n, err := sec.conn.Open(raw)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		b, raw = append(b, plain...), raw[n:]
	}
	sec.sealed = append(sec.sealed[:0], raw...)
	return b, nil
}

// writeSecure is write by TLS.
func (s *stream) writeSecure(b []byte) error {
	sec := s.secure
	switch {
	case sec.err != nil:
		return sec.err
	case sec.hello != nil:
		sec.plain = append(sec.plain, b...)
		return nil
	}
	s.loop.out = sec.conn.Seal(s.loop.out[:0], b)
	return s.writeRaw(s.loop.out)
}
