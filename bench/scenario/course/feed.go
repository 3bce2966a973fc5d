//go:build linux

package course

import (
	"errors"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
)

// Feed publishes numbered messages of several sources to a fleet, checks that
// they arrive, and times them. A source's messages all take one lane, so that
// their order is known.
type Feed struct {
	Fleet *loadgen.Fleet              // that gets the messages
	Took  func(latency time.Duration) // told of each delivery; Run.Record to begin with

	// Late is how old a message may become in an open loop until the loop is
	// given up with ErrBehind; 0 is as long as it publishes, or Patience if that
	// is longer.
	Late time.Duration

	run      *Run
	ledger   *loadgen.Ledger
	audience func(source int) int // how many get a message of it
	lanes    []*Lane
	flights  []flights // by source
	missing  int       // deliveries that are still to come

	// Of a closed loop.
	choose func(lane int) int // the source of a lane's next message; nil when none is to follow
	latest []int              // by lane: the source of its latest message
}

// Feed makes one, whose lanes are still to be added.
func (r *Run) Feed(fleet *loadgen.Fleet, ledger *loadgen.Ledger, sources int, audience func(source int) int) *Feed {
	f := &Feed{
		Fleet: fleet, Took: r.Record,
		run: r, ledger: ledger, audience: audience, flights: make([]flights, sources),
	}
	fleet.Receive = f.receive
	return f
}

// AddLanes opens n connections to publish on, each with so many events in one
// request at most. write appends an event.
func (f *Feed) AddLanes(n, batch int, write func(dst []byte, m loadgen.Mark) []byte) error {
	for i := range n {
		l, err := f.run.Lane(batch, write, func() { f.next(i) })
		if err != nil {
			return err
		}
		f.lanes = append(f.lanes, l)
		f.latest = append(f.latest, i)
	}
	return nil
}

func (f *Feed) laneOf(source int) int { return source % len(f.lanes) }

// Add queues a message that is due at a time on the loop's clock; Pump sends it.
func (f *Feed) Add(source int, due time.Duration) {
	audience := f.audience(source)
	seq := f.flights[source].add(due, audience)
	f.missing += audience
	f.lanes[f.laneOf(source)].Push(loadgen.Mark{Source: source, Seq: seq})
}

// Pump sends what the lanes have queued and can take.
func (f *Feed) Pump() {
	for _, l := range f.lanes {
		l.Pump()
	}
}

func (f *Feed) receive(subscriber int, m loadgen.Mark) {
	if m.Source >= len(f.flights) {
		return // somebody else's
	}
	if !f.ledger.Receive(subscriber, m) {
		return
	}
	at := &f.flights[m.Source]
	due, ok := at.land(m.Seq)
	if !ok {
		return
	}
	f.missing--
	f.Took(f.run.Loop.Now() - due)
	if f.choose != nil && at.over() {
		f.next(f.laneOf(m.Source))
	}
}

// next publishes on a lane of a closed loop when its latest message was
// answered and has come to everybody.
func (f *Feed) next(lane int) {
	if f.choose == nil || f.lanes[lane].Busy() || !f.flights[f.latest[lane]].over() {
		return
	}
	source := f.choose(lane)
	f.latest[lane] = source
	f.Add(source, f.run.Loop.Now())
	f.lanes[lane].Pump()
}

// Gaps is how many messages were left out before later ones so far: on a
// connection that stands they can't come any more.
func (f *Feed) Gaps() uint64 { return f.ledger.Lost }

// Count is what the ledger has found. Nothing may be received afterwards.
func (f *Feed) Count() loadgen.Counts {
	sent := make([]uint32, len(f.flights))
	for i := range f.flights {
		sent[i] = f.flights[i].next
	}
	f.Fleet.Receive = nil
	return f.ledger.Close(sent)
}

// Close notes in the result what the ledger has found, and joins it to what
// went wrong. What did not come because the API refused it, or because a
// connection broke, is not lost.
func (f *Feed) Close(err error) error {
	f.run.Result.Counts = f.Count()
	if c := f.run.Result.Counts; err != nil && f.run.Broken() != nil && c.Duplicated+c.Reordered+c.Stray == 0 {
		return err
	}
	return errors.Join(err, Astray(f.run.Result.Counts))
}

// Abandon closes the lanes with what waits on them, and the fleet, and forgets
// what the server has refused.
func (f *Feed) Abandon() {
	for _, l := range f.lanes {
		l.publisher.Close()
	}
	f.run.Leave(f.Fleet)
	f.run.refusal = nil
}

// Astray is nil when nothing went wrong.
func Astray(c loadgen.Counts) error {
	if c.Clean() {
		return nil
	}
	return fmt.Errorf("messages went astray: %d lost, %d duplicated, %d out of order, %d came to others, %d subscribers saw another order than the first one",
		c.Lost, c.Duplicated, c.Reordered, c.Stray, c.Disagreed)
}
