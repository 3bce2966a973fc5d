//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// stage is how far a run of Slow is.
type stage uint8

const (
	calm  stage = iota // everybody reads well
	slack              // some are slow
	awake              // all read again
)

// laggards is one run of Slow.
type laggards struct {
	Slow
	run     *run
	feed    *feed // to those who read well
	crowd   *crowd
	readers []*reader
	stage   stage
	calm    *hdrhistogram.Histogram // latency of the first half
	moved   uint64                  // what came to slow readers, and how many ended
	hint    int                     // offset of the latest mark in its payload
	memory  [3]int64                // resident bytes of all servers, at the end of each stage
}

// open opens those who read well.
func (l *laggards) open(ctx context.Context) error {
	if err := l.run.memory(func(u *Usage) *int64 { return &u.Before }); err != nil {
		return err
	}
	fleet, err := l.run.open(ctx, l.Connections-l.slow(), l.InFlight, to(channel))
	if err != nil {
		return err
	}
	l.feed, err = l.run.broadcast(fleet, channel, 1, l.FrameBytes)
	return err
}

// join opens the slow ones, who read well until all are there.
func (l *laggards) join(ctx context.Context) error {
	r := l.run
	l.enlist()
	r.fleets = append(r.fleets, l.crowd)
	r.reporter.note = "the slow ones"
	r.phase(Connecting, 0)
	r.loop.At(0, l.crowd.more)
	if err := r.await(ctx, l.crowd.Ready, func() uint64 { return uint64(l.crowd.arrived) }); err != nil {
		return fmt.Errorf("opening %d slow readers, of which %d are ready: %w", l.slow(), l.crowd.arrived, err)
	}
	if err := r.memory(func(u *Usage) *int64 { return &u.Held }); err != nil {
		return err
	}
	return l.remember(calm)
}

func (l *laggards) enlist() {
	const sips = 10 // a second, of a paced reader
	for _, kind := range []struct {
		n int
		reading
	}{
		{l.Stalled, reading{name: "stalled"}},
		{l.Dribbling, reading{"dribbling", 16, 250 * time.Millisecond}},
		{l.Paced, reading{"paced", max(1, l.ReadBytes/sips), time.Second / sips}},
	} {
		for range kind.n {
			s := &reader{laggards: l, number: len(l.readers), reading: kind.reading}
			s.next = l.sent() // earlier messages are not for it
			l.readers = append(l.readers, s)
		}
	}
	l.crowd = &crowd{size: len(l.readers), inFlight: l.InFlight, begin: func(i int) error { return l.readers[i].open() }}
}

func (l *laggards) work(ctx context.Context) error {
	l.run.reporter.note = "without slow readers"
	if err := l.publish(ctx, WarmingUp, min(l.Duration, warmUp)); err != nil {
		return err
	}
	l.feed.took = func(latency time.Duration) { record(l.calm, latency) }
	if err := l.publish(ctx, Measuring, l.Duration); err != nil {
		return err
	}
	if err := l.join(ctx); err != nil {
		return err
	}
	if err := l.slackHalf(ctx); err != nil {
		return err
	}
	return l.wake(ctx)
}

func (l *laggards) slackHalf(ctx context.Context) error {
	l.stage = slack
	l.run.reporter.note = fmt.Sprintf("beside %d slow readers", l.slow())
	l.feed.took = l.run.meter.record
	for _, s := range l.readers {
		s.slacken()
	}
	if err := l.run.measure(func() error { return l.publish(ctx, Measuring, l.Duration) }); err != nil {
		return err
	}
	return l.remember(slack)
}

// wake lets all read again, waits until nothing more comes, and looks whether
// those that are open get the next message.
func (l *laggards) wake(ctx context.Context) error {
	l.stage = awake
	l.run.reporter.note = "all read again"
	l.feed.took = func(time.Duration) {}
	l.run.phase(Draining, 0)
	for _, s := range l.readers {
		s.wake(l.sent())
	}
	if err := l.run.await(ctx, l.caughtUp, l.progress); err != nil && !errors.Is(err, errQuiet) {
		return err
	}
	for _, s := range l.readers {
		if !s.closed {
			s.fate = s.progress.fate(l.sent())
		}
	}
	if err := l.remember(awake); err != nil {
		return err
	}
	return l.encore(ctx)
}

// encore publishes once more: whoever is open must get it.
func (l *laggards) encore(ctx context.Context) error {
	l.feed.add(0, l.run.loop.Now())
	l.feed.pump()
	err := l.run.await(ctx, func() bool { return l.feed.quiet() && l.caughtUp() }, func() uint64 { return l.progress() + l.feed.moved() })
	for _, s := range l.readers {
		if !s.caughtUp(l.sent()) {
			s.fate = stuck
		}
	}
	if l.feed.missing == 0 && errors.Is(err, errQuiet) {
		return nil // the fates tell
	}
	return err
}

func (l *laggards) publish(ctx context.Context, p Phase, d time.Duration) error {
	return l.feed.openLoop(ctx, p, l.Rate, 0, d, func() int { return 0 })
}

func (l *laggards) sent() uint32     { return l.feed.flights[0].next }
func (l *laggards) progress() uint64 { return l.moved }

func (l *laggards) caughtUp() bool {
	return !slices.ContainsFunc(l.readers, func(s *reader) bool { return !s.caughtUp(l.sent()) })
}

// remember reads the servers' memory at the end of a stage.
func (l *laggards) remember(s stage) error {
	for _, p := range l.run.Processes {
		resident, err := p.Resident()
		if err != nil {
			return err
		}
		l.memory[s] += resident
	}
	return nil
}
