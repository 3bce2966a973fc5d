//go:build e2e

package hostile

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"fanfare/engine/tlsconn"
	"fanfare/engine/tlsconn/certs/certstest"
	"fanfare/engine/websocket"
)

// tlsFlags have a server speak TLS, besides its plain port.
func tlsFlags(t *testing.T) []string {
	t.Helper()
	cert, key := certstest.Write(t, t.TempDir(), "victim", certstest.NewAuthority(t).For(t, "localhost"))
	return []string{"--tls-enabled", "--tls-port", "0", "--tls-cert", cert, "--tls-key", key}
}

const (
	helloRate = 2000 // a second
	helloTime = 3 * time.Second
)

// endlessHandshakes begins handshakes and ends none: each costs the server a signature and two agreements on keys. All stay
// open; the server ends those that wait for the longest time when there are too many.
var endlessHandshakes = attack{
	name:   "2,000 ClientHellos a second, without an end",
	growth: 320 * mib,
	why:    "4,096 open handshakes of 25 KB, as much again that the collector has not come to, and 6,000 connections",
	secure: true,
	run: func(s *server) error {
		hello, err := clientHello()
		if err != nil {
			return err
		}
		var peers []*peer
		defer func() { hangUp(peers) }()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for start := time.Now(); time.Since(start) < helloTime; <-tick.C {
			for due := int(time.Since(start).Seconds() * helloRate); len(peers) < due; {
				p, err := s.dialTLS()
				if err != nil {
					return err
				}
				peers = append(peers, p)
				if _, err := p.Write(hello); err != nil {
					return err
				}
			}
		}
		return s.newcomerServed()
	},
}

func hangUp(peers []*peer) {
	for _, p := range peers {
		p.Close()
	}
}

// newcomerServed wants that somebody else gets in.
func (s *server) newcomerServed() error {
	p, err := s.connect(victim)
	if err != nil {
		return fmt.Errorf("a newcomer: %w", err)
	}
	return p.Close()
}

// clientHello is what a client begins with.
func clientHello() ([]byte, error) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() {
		_ = tls.Client(ours, &tls.Config{ServerName: "localhost"}).Handshake() //nolint:gosec // it fails when it is hung up on
		ours.Close()
	}()
	b := make([]byte, 16*kib)
	n, err := theirs.Read(b)
	return b[:n], err
}

// brokenHandshakes says nothing, or what is no handshake.
var brokenHandshakes = attack{
	name:   "broken handshakes",
	growth: 48 * mib,
	why:    "600 connections, of which a third keeps a record of 16 KiB",
	flags:  []string{"--head-timeout", "2"},
	secure: true,
	run: func(s *server) error {
		hello, err := clientHello()
		if err != nil {
			return err
		}
		var bytewise []byte
		for _, b := range hello[5:] {
			bytewise = append(bytewise, 22, 3, 1, 0, 1, b)
		}
		begins := map[string][]byte{
			"nothing":                 nil,
			"garbage":                 []byte("\x00\x01\x02\x03garbage"),
			"another protocol":        []byte("SSH-2.0-hostile\r\n"),
			"half a header":           hello[:3],
			"half a record":           hello[:len(hello)/2],
			"an endless record":       slices.Concat([]byte{22, 3, 1, 0x40, 0}, make([]byte, 16*kib-1)),
			"a record without a body": {22, 3, 1, 0, 0},
			"records of a byte":       bytewise[:len(bytewise)-6],
			"a hello of 16 MiB":       {22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff},
			"data at once":            {23, 3, 3, 0, 5, 'h', 'e', 'l', 'l', 'o'},
			"an alert":                {21, 3, 3, 0, 2, 2, 40},
			"a hello, and a hello":    slices.Concat(hello, hello),
			"a hello, and data":       slices.Concat(hello, []byte{23, 3, 3, 0, 5, 'h', 'e', 'l', 'l', 'o'}),
			"a hello, and a change":   slices.Concat(hello, []byte{20, 3, 3, 0, 1, 1, 20, 3, 3, 0, 1, 1}),
			"a hello of zeroes":       append([]byte{22, 3, 1, 0, 45, 1, 0, 0, 41}, make([]byte, 41)...),
		}
		kinds := slices.Sorted(maps.Keys(begins))
		return together(40*len(kinds), func(i int) error {
			kind := kinds[i%len(kinds)]
			if err := s.ends(begins[kind]); err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			return nil
		})
	},
}

// ends wants the server to end a connection that begins so, with or without an alert.
func (s *server) ends(begin []byte) error {
	p, err := s.dialTLS()
	if err != nil {
		return err
	}
	defer p.Close()
	if _, err := p.Write(begin); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		return err
	}
	if _, err := io.Copy(io.Discard, p); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		return err
	}
	return nil
}

// keyUpdates change keys with every sixteenth ping, with every one, and without any: the first is odd and allowed, the others are
// not.
var keyUpdates = attack{
	name:   "changing keys all the time",
	growth: 64 * mib,
	why:    "30 connections, and the garbage of their keys: 13 MiB, and more where the collector waits for a processor",
	secure: true,
	run: func(s *server) error {
		return errors.Join(
			together(20, func(int) error { return s.updateKeys(16) }),
			rounds(func() error { return together(20, func(i int) error { return s.updateKeys(i % 2) }) }))
	},
}

// updateKeys changes keys with so many pings between, until the server has had enough, or for a while if that is allowed.
func (s *server) updateKeys(pings int) error {
	p, err := s.dialTLS()
	if err != nil {
		return err
	}
	defer p.Close()
	c, rest, err := p.shake()
	if err != nil {
		return err
	}
	out := c.Seal(nil, []byte(upgradeHead(victim)+"\r\n"))
	pinged := websocket.AppendMasked(nil, websocket.Text, true, []byte(ping), mask)
	for start := time.Now(); time.Since(start) < quietTime; out = out[:0] {
		for range 64 {
			state := c.State()
			state.UpdateDue = true // as if the server had asked for one
			if c, err = tlsconn.Restore(state); err != nil {
				return err
			}
			out = c.Seal(out, nil)
			for range pings {
				out = c.Seal(out, pinged)
			}
		}
		if _, err := p.Write(out); err != nil {
			return err
		}
		if pings < 16 {
			return p.toldWhy(c, rest)
		}
	}
	return nil
}

// shake makes a handshake whose keys can be played with. Rest is what came behind it.
func (p *peer) shake() (c *tlsconn.Conn, rest []byte, err error) {
	h := tlsconn.Client(&tls.Config{InsecureSkipVerify: true}, tlsconn.Peer{Send: func(b []byte) { _, _ = p.Write(b) }}) //nolint:gosec // it is not the certificate that is tried
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		b := make([]byte, 16*kib)
		for {
			n, err := p.Read(b)
			h.Feed(b[:n], mib)
			if err != nil {
				h.End(err)
				return
			}
		}
	}()
	c, _, err = h.Run()
	deadline := p.SetReadDeadline(time.Unix(1, 0)) // ends the goroutine
	<-fed
	return c, h.Rest(), errors.Join(err, deadline, p.SetReadDeadline(time.Now().Add(2*patience)))
}

// toldWhy wants an alert that says why, and the end.
func (p *peer) toldWhy(c *tlsconn.Conn, data []byte) error {
	buf := make([]byte, 16*kib)
	for {
		_, n, err := c.Open(data)
		var alert tlsconn.RemoteError
		switch {
		case errors.As(err, &alert) && tlsconn.Alert(alert) == tlsconn.UnexpectedMessage:
			return nil
		case err != nil:
			return fmt.Errorf("changing keys ended with %w, want an alert", err)
		case n > 0:
			data = data[n:]
			continue
		}
		n, err = p.Read(buf)
		if data = append(data, buf[:n]...); err != nil {
			return fmt.Errorf("changing keys did not end with an alert but %w", err)
		}
	}
}
