//go:build e2e && linux

package hostile

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// hurl dials and says something; from spreads the source addresses, of which each has 28,000 ports.
func (s *server) hurl(say string) (*peer, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 9, 9, byte(hurled.Add(1)%200+1))}
	d := net.Dialer{Timeout: patience, LocalAddr: from}
	c, err := d.Dial("tcp", s.addr)
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", err)
	}
	p := &peer{TCPConn: c.(*net.TCPConn)}
	if err = p.SetLinger(0); err == nil && say != "" { // ends with a reset, which leaves nothing behind
		_, err = io.WriteString(p, say)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

var hurled atomic.Uint32

// nothing is what a stream ends with that holds nothing.
func nothing() {}

// connectFlood connects and hangs up.
var connectFlood = flood{
	name: "connects", unit: "connects", perSecond: 3000, workers: 8, growth: floodsTogether, counted: "fanfare_connections_opened_total",
	setUp: func(s *server, _ int) (*stream, error) {
		return &stream{end: nothing, once: func() error {
			p, err := s.hurl("")
			if err != nil {
				return err
			}
			return p.Close()
		}}, nil
	},
}

// pool is connections of which each gets something in turn, and is replaced when the server has ended it.
type pool struct {
	peers []*peer
	next  int
	open  func() (*peer, error)
	send  func(p *peer) error
}

func newPool(size int, open func() (*peer, error), send func(p *peer) error) *stream {
	x := &pool{peers: make([]*peer, size), open: open, send: send}
	return &stream{once: x.once, end: x.end}
}

func (x *pool) once() (err error) {
	at := &x.peers[x.next]
	x.next = (x.next + 1) % len(x.peers)
	if *at == nil {
		*at, err = x.open()
		return err
	}
	if err = x.send(*at); err != nil {
		(*at).Close()
		*at = nil
	}
	return err
}

func (x *pool) end() {
	for _, p := range x.peers {
		if p != nil {
			p.Close()
		}
	}
}

// ended tells with an error whether the server has hung up. What it has said is thrown away.
func (p *peer) ended() error {
	var trash [512]byte
	if err := p.SetReadDeadline(time.Now().Add(50 * time.Microsecond)); err != nil {
		return err
	}
	_, err := p.Read(trash[:])
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// silentFlood holds 2,000 connections that never say anything: each is ended after head_timeout, and replaced.
var silentFlood = flood{
	name: "silent connections", unit: "looks at 2,000", perSecond: 2000, workers: 4, growth: floodsTogether,
	setUp: func(s *server, _ int) (*stream, error) {
		return newPool(500, func() (*peer, error) { return s.hurl("") }, (*peer).ended), nil
	},
}

// upgradeFlood becomes a session, and hangs up.
var upgradeFlood = flood{
	name: "sessions", unit: "sessions", perSecond: 1500, workers: 8, growth: floodsTogether, counted: "fanfare_pusher_sessions_opened_total",
	setUp: func(s *server, _ int) (*stream, error) {
		return &stream{end: nothing, once: func() error {
			p, err := s.hurl("")
			if err != nil {
				return err
			}
			defer p.Close()
			if err := p.SetDeadline(time.Now().Add(patience)); err != nil {
				return err
			}
			return p.upgrade(victim)
		}}, nil
	},
}

// fullHouse takes all seats that the server has, and more: whoever comes now is refused with 4100 or cut off, but nobody who is
// there already.
var fullHouse = flood{
	name: "more connections than there is room for", unit: "connects and looks", perSecond: 4000, workers: 8, growth: floodsTogether,
	setUp: func(s *server, _ int) (*stream, error) {
		open := func() (*peer, error) { return s.hurl(upgradeHead(victim) + "\r\n") }
		return newPool((spareSeats+600)/8, open, (*peer).ended), nil
	},
}

// slowSendFlood sends a byte now and then: of a request's head, of a body, of a frame.
var slowSendFlood = flood{
	name: "a byte at a time", unit: "bytes", perSecond: 4000, workers: 6, growth: floodsTogether,
	setUp: func(s *server, worker int) (*stream, error) {
		start := []string{
			"GET /app/victim-key?protocol=7 HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
			"POST /apps/victim/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n",
			upgradeHead(victim) + "\r\n" + string(declared(200_000)[:2+8+4]),
		}[worker%3]
		return newPool(300, func() (*peer, error) { return s.hurl(start) }, func(p *peer) error {
			_, err := p.Write([]byte("a"))
			return err
		}), nil
	},
}

// slowReadFlood subscribes to what the good ones get, and asks for more, and reads nothing of it.
var slowReadFlood = flood{
	name: "readers who do not read", unit: "requests of 40 answers", perSecond: 500, workers: 4, growth: floodsTogether,
	setUp: func(s *server, _ int) (*stream, error) {
		asked := upgradeHead(victim) + "\r\n" + string(spoken(subscribeWith(map[string]string{"channel": crowdChannel})))
		var pings []string
		for range 40 {
			pings = append(pings, subscribeWith(map[string]string{"channel": "private-" + padding[:150], "auth": padding[:1000]}))
		}
		more := spoken(pings...)
		return newPool(50, func() (*peer, error) {
			p, err := s.hurl("")
			if err != nil {
				return nil, err
			}
			_ = p.SetReadBuffer(4 * kib)
			_, err = io.WriteString(p, asked)
			return p, err
		}, func(p *peer) error {
			if err := p.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
				return err
			}
			_, err := p.Write(more)
			return err
		}), nil
	},
}
