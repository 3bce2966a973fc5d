//go:build linux

package scenario

import (
	"errors"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
)

// feed publishes numbered messages of several sources to a fleet, checks that
// they arrive, and times them. A source's messages all take one lane, so that
// their order is known.
type feed struct {
	run      *run
	fleet    *loadgen.Fleet
	ledger   *loadgen.Ledger
	audience func(source int) int        // how many get a message of it
	took     func(latency time.Duration) // told of each delivery
	lanes    []*lane
	flights  []flights // by source
	missing  int       // deliveries that are still to come

	// late is how old a message may become in an open loop until the loop is
	// given up with errBehind; 0 is as long as it publishes, or Server.Patience
	// if that is longer.
	late time.Duration

	// Of a closed loop.
	choose func(lane int) int // the source of a lane's next message; nil when none is to follow
	latest []int              // by lane: the source of its latest message
}

// feed makes one, whose lanes are still to be added. Deliveries are told to
// the run's meter.
func (r *run) feed(fleet *loadgen.Fleet, ledger *loadgen.Ledger, sources int, audience func(source int) int) *feed {
	f := &feed{
		run: r, fleet: fleet, ledger: ledger, audience: audience,
		took: r.meter.record, flights: make([]flights, sources),
	}
	fleet.Receive = f.receive
	return f
}

// addLanes opens n connections to publish on.
func (f *feed) addLanes(n, batch int, write func(dst []byte, m loadgen.Mark) []byte) error {
	for i := range n {
		l, err := f.run.lane(batch, write)
		if err != nil {
			return err
		}
		l.free = func() { f.next(i) }
		f.lanes = append(f.lanes, l)
		f.latest = append(f.latest, i)
	}
	return nil
}

func (f *feed) laneOf(source int) int { return source % len(f.lanes) }

// add queues a message that is due at a time; pump sends it.
func (f *feed) add(source int, due time.Duration) {
	audience := f.audience(source)
	seq := f.flights[source].add(due, audience)
	f.missing += audience
	f.lanes[f.laneOf(source)].push(loadgen.Mark{Source: source, Seq: seq})
}

// pump sends what the lanes have queued and can take.
func (f *feed) pump() {
	for _, l := range f.lanes {
		l.pump()
	}
}

func (f *feed) receive(subscriber int, m loadgen.Mark) {
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
	f.took(f.run.loop.Now() - due)
	if f.choose != nil && at.over() {
		f.next(f.laneOf(m.Source))
	}
}

// next publishes on a lane of a closed loop when its latest message was
// answered and has come to everybody.
func (f *feed) next(lane int) {
	if f.choose == nil || !f.lanes[lane].idle() || !f.flights[f.latest[lane]].over() {
		return
	}
	source := f.choose(lane)
	f.latest[lane] = source
	f.add(source, f.run.loop.Now())
	f.lanes[lane].pump()
}

// count is what the ledger has found. Nothing may be received afterwards.
func (f *feed) count() loadgen.Counts {
	sent := make([]uint32, len(f.flights))
	for i := range f.flights {
		sent[i] = f.flights[i].next
	}
	f.fleet.Receive = nil
	return f.ledger.Close(sent)
}

// close notes in the result what the ledger has found, and joins it to what
// went wrong. What did not come because the API refused it, or because a
// connection broke, is not lost.
func (f *feed) close(err error) error {
	f.run.result.Counts = f.count()
	if c := f.run.result.Counts; err != nil && f.run.broken() != nil && c.Duplicated+c.Reordered+c.Stray == 0 {
		return err
	}
	return errors.Join(err, astray(f.run.result.Counts))
}

// abandon closes the lanes with what waits on them.
func (f *feed) abandon() {
	for _, l := range f.lanes {
		l.publisher.Close()
	}
}

// astray is nil when nothing went wrong.
func astray(c loadgen.Counts) error {
	if c.Clean() {
		return nil
	}
	return fmt.Errorf("messages went astray: %d lost, %d duplicated, %d out of order, %d came to others, %d subscribers saw another order than the first one",
		c.Lost, c.Duplicated, c.Reordered, c.Stray, c.Disagreed)
}
