//go:build linux

package slow

import (
	"bytes"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario/course"
)

// reading is how a slow reader reads.
type reading struct {
	name  string
	bytes int // at once; 0 is nothing at all
	every time.Duration
}

// reader is one that is slow in the second half.
type reader struct {
	progress
	laggards *laggards
	number   int
	reading  reading
	client   *loadgen.Client
	joined   bool
	closed   bool
	fate     fate   // set when it is known
	lag      uint32 // messages that it was behind when it woke up
}

func (s *reader) open() (err error) {
	l := s.laggards
	s.client, err = l.run.Loop.Client(l.run.Target, loadgen.ClientOptions{
		Opened:        func() { s.client.Subscribe(loadgen.Subscription{Channel: course.Channel}) },
		Text:          s.text,
		Ended:         s.ended,
		ReceiveBuffer: l.ReceiveBuffer,
	})
	return err
}

func (s *reader) text(payload []byte) {
	l := s.laggards
	if m, at := loadgen.FindMark(payload, l.hint); at >= 0 {
		l.hint = at
		l.moved++
		s.receive(m.Seq)
		return
	}
	if !s.joined && bytes.Contains(payload, []byte(`"pusher_internal:subscription_succeeded"`)) {
		s.joined = true
		l.crowd.Arrive()
	}
}

func (s *reader) ended(e loadgen.Ending) {
	l := s.laggards
	if l.stage == calm {
		l.crowd.Fail(fmt.Sprintf("slow reader %d, which read well until then", s.number), e.Err)
		return
	}
	l.moved++
	s.closed = true
	s.fate = cutOff
	if e.Code != 0 {
		s.fate = closedFate(e.Code)
	}
}

// slacken stops to read well.
func (s *reader) slacken() {
	s.client.Deafen()
	if s.reading.bytes > 0 {
		s.sip()
	}
}

func (s *reader) sip() {
	if s.closed || s.laggards.stage != slack {
		return
	}
	s.client.Sip(s.reading.bytes)
	loop := s.laggards.run.Loop
	loop.At(loop.Now()+s.reading.every, s.sip)
}

// wake reads all there is.
func (s *reader) wake(sent uint32) {
	s.lag = sent - min(sent, s.next)
	s.client.Listen()
}

// caughtUp reports whether nothing more is to come.
func (s *reader) caughtUp(sent uint32) bool { return s.closed || s.next >= sent }
