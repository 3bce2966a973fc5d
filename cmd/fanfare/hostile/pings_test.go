//go:build e2e

package hostile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"fanfare/engine/websocket"
)

const (
	pingers       = 10
	pingsPerBatch = 1000
	pings         = 1_000_000
)

// pingFlood sends a million pings as fast as they are answered, a half of them control frames, a half pusher:ping. Every one gets
// its pong.
var pingFlood = attack{
	name:   "1 M pings",
	growth: 16 * mib,
	why:    "10 connections, 1,000 pongs of each at once",
	run: func(s *server) error {
		return together(pingers, func(i int) error {
			p, err := s.connect(victim)
			if err != nil {
				return err
			}
			defer p.Close()
			batch := p.pingFrames
			if i%2 == 1 {
				batch = p.pingEvents
			}
			for n := 0; n < pings/pingers; n += pingsPerBatch {
				if err := batch(uint32(n)); err != nil {
					return fmt.Errorf("after %d pings: %w", n, err)
				}
			}
			return nil
		})
	},
}

// pingFrames sends numbered control frames and wants their numbers back.
func (p *peer) pingFrames(from uint32) error {
	var batch []byte
	for n := from; n < from+pingsPerBatch; n++ {
		batch = websocket.AppendMasked(batch, websocket.Ping, true, binary.BigEndian.AppendUint32(nil, n), mask)
	}
	if _, err := p.Write(batch); err != nil {
		return err
	}
	for n := from; n < from+pingsPerBatch; n++ {
		m, err := p.next()
		if err != nil {
			return err
		}
		if m.Op != websocket.Pong || len(m.Payload) != 4 || binary.BigEndian.Uint32(m.Payload) != n {
			return fmt.Errorf("got %v %x, want a pong with %08x", m.Op, m.Payload, n)
		}
	}
	return nil
}

// pingEvents sends pusher:ping and wants as many pusher:pong.
func (p *peer) pingEvents(uint32) error {
	messages := make([]string, pingsPerBatch)
	for i := range messages {
		messages[i] = ping
	}
	if err := p.say(messages...); err != nil {
		return err
	}
	for range pingsPerBatch {
		m, err := p.next()
		if err != nil {
			return err
		}
		if string(m.Payload) != `{"event":"pusher:pong","data":{}}` {
			return fmt.Errorf("got %v %s, want a pusher:pong", m.Op, m.Payload)
		}
	}
	return nil
}

// deafPingFlood sends a million pings and reads no pong until it has to: the server must not keep them for it.
var deafPingFlood = attack{
	name:   "1 M pings, pongs never read",
	growth: 16 * mib,
	why:    "10 connections with at most 1,024 pongs waiting in each",
	run: func(s *server) error {
		if err := together(pingers, func(int) error { return s.pingDeaf() }); err != nil {
			return err
		}
		return s.reaches(closedSlow, pingers)
	},
}

// pingDeaf writes pings until the server cuts the connection, or all are written; then it reads what there is: pongs, and the
// close frame if it is not too late for that.
func (s *server) pingDeaf() error {
	p, err := s.connect(victim)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.SetReadBuffer(4 * kib); err != nil {
		return err
	}
	var batch []byte
	for range pingsPerBatch {
		batch = append(batch, frame(websocket.Ping, true, make([]byte, 125))...)
	}
	for n := 0; n < pings/pingers; n += pingsPerBatch {
		if _, err = p.Write(batch); err != nil {
			break
		}
	}
	if err != nil && !cut(err) {
		return err
	}
	return p.wasTooSlow()
}

// cut tells whether an error means that the server has ended the connection the hard way, as it does with those who do not
// listen even to the close frame.
func cut(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// wasTooSlow reads up to the end of the connection. That is 4100, or an end without a word when it was too late for words.
func (p *peer) wasTooSlow() error {
	code, err := p.farewell()
	if code == 4100 || code == 0 && (err == nil || cut(err)) {
		return nil
	}
	return unlike(err, "ended with code %d, want 4100 or none", code)
}
