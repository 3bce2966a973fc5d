//go:build linux

package upgrade

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario/course"
)

// slowFrame is the size of what slow readers are sent, in bytes.
const slowFrame = 10_000

// slowBatch is how many of those one request holds: together less than servers
// take in one.
const slowBatch = 5

// sluggards are readers that have stopped, or nearly so, each on a channel of its
// own. In the end they read all there is.
type sluggards struct {
	run    *course.Run
	buffer int
	list   []*sluggard
	crowd  *course.Crowd
	lane   *course.Lane
	ledger *loadgen.Ledger
	hint   int
	awake  bool
	got    uint64 // messages
	early  uint64 // of them, before they were woken
	turn   int
}

type sluggard struct {
	*sluggards

	number int
	client *loadgen.Client
	joined bool
	sent   uint32 // to it
}

func slowChannel(i int) string { return fmt.Sprintf("private-slow-%06d", i) }

// pile opens the slow readers, has them stop, and publishes to each what it does
// not read.
func (t *trial) pile(ctx context.Context) (*sluggards, error) {
	r := t.run
	s := &sluggards{run: r, buffer: t.ReceiveBuffer, ledger: loadgen.NewSparseLedger(t.Slow, 1, func(i int) []int { return []int{i} })}
	for i := range t.Slow {
		s.list = append(s.list, &sluggard{sluggards: s, number: i})
	}
	r.Note("slow readers")
	s.crowd = r.Crowd(t.Slow, t.InFlight, func(i int) error { return s.list[i].open() })
	if err := r.Await(ctx, s.crowd.Ready, func() uint64 { return uint64(s.crowd.Standing()) }); err != nil {
		return s, err
	}
	w := course.NewEventWriter(r.Target, slowChannel(0), slowFrame)
	var err error
	s.lane, err = r.Lane(slowBatch, func(dst []byte, m loadgen.Mark) []byte { return w.AppendEvent(dst, slowChannel(m.Source), m) }, func() {})
	if err != nil {
		return s, err
	}
	return s, s.fill(ctx, (t.SlowBytes+slowFrame-1)/slowFrame)
}

// fill publishes so many messages to each.
func (s *sluggards) fill(ctx context.Context, each int) error {
	for i, c := range s.list {
		c.client.Deafen()
		if i%2 == 1 {
			c.sip()
		}
	}
	for range each * len(s.list) {
		s.push()
	}
	s.lane.Pump()
	return s.run.Await(ctx, func() bool { return !s.lane.Busy() }, func() uint64 { return uint64(s.lane.Waiting()) })
}

// push queues a message to the next one.
func (s *sluggards) push() {
	c := s.list[s.turn%len(s.list)]
	s.turn++
	s.lane.Push(loadgen.Mark{Source: c.number, Seq: c.sent})
	c.sent++
}

// trickle publishes a message to each of them every second.
func (s *sluggards) trickle() *course.Pacer {
	return s.run.Pace(float64(len(s.list)), course.Forever, 0, func(time.Duration) { s.push() }, s.lane.Pump)
}

func (c *sluggard) open() (err error) {
	c.client, err = c.run.Loop.Client(c.run.Target, loadgen.ClientOptions{
		Opened:        func() { c.client.Subscribe(loadgen.Subscription{Channel: slowChannel(c.number)}) },
		Text:          c.text,
		Ended:         func(e loadgen.Ending) { c.crowd.Fail(fmt.Sprintf("slow reader %d", c.number), e.Err) },
		ReceiveBuffer: c.buffer,
	})
	return err
}

func (c *sluggard) text(payload []byte) {
	if m, at := loadgen.FindMark(payload, c.hint); at >= 0 {
		c.hint = at
		if c.ledger.Receive(c.number, m) {
			c.got++
			if !c.awake {
				c.early++
			}
		}
		return
	}
	if !c.joined && bytes.Contains(payload, []byte(`"pusher_internal:subscription_succeeded"`)) {
		c.joined = true
		c.crowd.Arrive()
	}
}

// Those that still read take a few bytes so many times a second.
const (
	sipBytes = 2048
	sipEvery = 100 * time.Millisecond
)

func (c *sluggard) sip() {
	if c.awake || !c.client.Alive() {
		return
	}
	c.client.Sip(sipBytes)
	c.run.Loop.At(c.run.Loop.Now()+sipEvery, c.sip)
}

// wake has all read again.
func (s *sluggards) wake() {
	s.awake = true
	for _, c := range s.list {
		c.client.Listen()
	}
}

func (s *sluggards) sent() (n uint64) {
	for _, c := range s.list {
		n += uint64(c.sent)
	}
	return n
}

func (s *sluggards) missing() uint64  { return s.sent() - min(s.sent(), s.got) }
func (s *sluggards) quiet() bool      { return s.missing() == 0 && !s.lane.Busy() }
func (s *sluggards) progress() uint64 { return s.got }

// count is what the ledger has found. Nothing may come afterwards.
func (s *sluggards) count() loadgen.Counts {
	sent := make([]uint32, len(s.list))
	for i, c := range s.list {
		sent[i] = c.sent
	}
	return s.ledger.Close(sent)
}
