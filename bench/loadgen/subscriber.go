//go:build linux

package loadgen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// state is how far a connection has come.
type state uint8

const (
	upgrading   state = iota // the request leaves as soon as TCP stands
	greeting                 // waits for pusher:connection_established
	subscribing              // waits for subscription_succeeded
	ready
	failed
)

// subscriber is one WebSocket connection of a fleet.
type subscriber struct {
	stream
	fleet   *Fleet
	index   int
	state   state
	joining *joining // nil when it is ready
}

func (s *subscriber) ready(events uint32) {
	err := s.serve(events)
	if err != nil {
		s.fail(err)
	}
}

func (s *subscriber) serve(events uint32) error {
	if events&unix.EPOLLOUT != 0 {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if events&^uint32(unix.EPOLLOUT) == 0 {
		return nil
	}
	b, err := s.read()
	if err != nil {
		return err
	}
	if s.state == upgrading {
		n, err := s.upgraded(b)
		if n == 0 || err != nil {
			s.keep(b)
			return err
		}
		b = b[n:]
	}
	return s.frames(b)
}

// upgraded looks for the 101 and returns its length, 0 while it is not whole.
func (s *subscriber) upgraded(b []byte) (int, error) {
	n, err := s.fleet.target.checkUpgrade(b)
	if n == 0 || err != nil {
		return 0, err
	}
	s.state = greeting
	if s.fleet.target.Bare {
		s.becomeReady()
	}
	return n, nil
}

func (s *subscriber) becomeReady() {
	f := s.fleet
	s.state = ready
	f.ready++
	if f.Joined != nil {
		f.Joined(s.index, f.loop.Now()-s.joining.since)
	}
	s.joining = nil
	f.openMore()
}

// frames serves the whole frames in b and keeps the rest.
func (s *subscriber) frames(b []byte) error {
	for {
		f, n, size, err := parseFrame(b)
		if err != nil {
			return err
		}
		if n == 0 {
			if size > readBytes {
				return errTooLong
			}
			s.keep(b)
			return nil
		}
		if err := s.frame(f); err != nil {
			return err
		}
		b = b[n:]
	}
}

func (s *subscriber) frame(f frame) error {
	switch f.opcode {
	case opText:
		return s.text(f.payload)
	case opPing:
		s.fleet.Pings++
		return s.write(appendFrame(nil, opPong, f.payload))
	case opPong:
		return nil
	case opClose:
		if len(f.payload) < 2 {
			return errors.New("closed without a code")
		}
		return s.fleet.target.refused("closed with", int(binary.BigEndian.Uint16(f.payload)), f.payload[2:])
	}
	return fmt.Errorf("frame of opcode 0x%x", f.opcode)
}

func (s *subscriber) text(payload []byte) error {
	if s.state == ready && s.fleet.receive(s.index, payload) {
		return nil
	}
	switch {
	case bytes.Contains(payload, []byte(`"pusher:ping"`)):
		s.fleet.Pings++
		return s.write(appendFrame(nil, opText, []byte(`{"event":"pusher:pong","data":{}}`)))
	case bytes.Contains(payload, []byte(`"pusher:error"`)), bytes.Contains(payload, []byte(`"pusher:subscription_error"`)):
		return s.fleet.target.refused("server sent error", codeOf(payload), payload)
	case s.state == greeting && bytes.Contains(payload, []byte(`"pusher:connection_established"`)):
		return s.greeted(socketIDOf(payload))
	case s.state == subscribing && bytes.Contains(payload, []byte(`"pusher_internal:subscription_succeeded"`)):
		s.joining.answered++
		return s.subscribe()
	case s.state == ready:
		s.fleet.other(s.index, payload)
	}
	return nil
}

func (s *subscriber) greeted(socketID string) error {
	if socketID == "" {
		return errors.New("the server's hello has no socket_id")
	}
	s.state = subscribing
	s.joining.socketID, s.joining.list = socketID, s.fleet.join(s.index)
	return s.subscribe()
}

func (s *subscriber) subscribe() error {
	frames, done := s.joining.ask(s.fleet.scratch[:0], s.fleet.target)
	s.fleet.scratch = frames
	if done {
		s.becomeReady()
		return nil
	}
	if len(frames) == 0 {
		return nil
	}
	return s.write(frames)
}

// fail closes the connection and counts it as failed, once.
func (s *subscriber) fail(err error) {
	f := s.fleet
	if f.err == nil {
		f.err = f.target.explain(err)
	}
	if s.state == ready {
		f.ready--
	}
	f.failed++
	s.state = failed
	s.close()
	f.openMore()
}
