//go:build linux

package slow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// stage is how far a run is.
type stage uint8

const (
	calm  stage = iota // everybody reads well
	slack              // some are slow
	awake              // all read again
)

// laggards is one run.
type laggards struct {
	Scenario
	run     *course.Run
	feed    *course.Feed // to those who read well
	crowd   *course.Crowd
	readers []*reader
	stage   stage
	calm    *hdrhistogram.Histogram // latency of the first half
	moved   uint64                  // what came to slow readers, and how many ended
	hint    int                     // offset of the latest mark in its payload
	memory  [3]int64                // resident bytes of all servers, at the end of each stage
}

// open opens those who read well.
func (l *laggards) open(ctx context.Context) error {
	if err := l.run.Memory(func(u *scenario.Usage) *int64 { return &u.Before }); err != nil {
		return err
	}
	fleet, err := l.run.Open(ctx, l.Connections-l.slow(), l.InFlight, course.To(course.Channel))
	if err != nil {
		return err
	}
	l.feed, err = l.run.Broadcast(fleet, course.Channel, 1, l.FrameBytes)
	return err
}

// join opens the slow ones, who read well until all are there.
func (l *laggards) join(ctx context.Context) error {
	r := l.run
	l.enlist()
	r.Note("the slow ones")
	l.crowd = r.Crowd(len(l.readers), l.InFlight, func(i int) error { return l.readers[i].open() })
	if err := r.Await(ctx, l.crowd.Ready, func() uint64 { return uint64(l.crowd.Standing()) }); err != nil {
		return fmt.Errorf("opening %d slow readers, of which %d are ready: %w", l.slow(), l.crowd.Standing(), err)
	}
	if err := r.Memory(func(u *scenario.Usage) *int64 { return &u.Held }); err != nil {
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
}

func (l *laggards) work(ctx context.Context) error {
	l.run.Note("without slow readers")
	if err := l.publish(ctx, scenario.WarmingUp, min(l.Duration, course.WarmUp)); err != nil {
		return err
	}
	l.feed.Took = func(latency time.Duration) { course.Record(l.calm, latency) }
	if err := l.publish(ctx, scenario.Measuring, l.Duration); err != nil {
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
	l.run.Note(fmt.Sprintf("beside %d slow readers", l.slow()))
	l.feed.Took = l.run.Record
	for _, s := range l.readers {
		s.slacken()
	}
	if err := l.run.Measure(func() error { return l.publish(ctx, scenario.Measuring, l.Duration) }); err != nil {
		return err
	}
	return l.remember(slack)
}

// wake lets all read again, waits until nothing more comes, and looks whether
// those that are open get the next message.
func (l *laggards) wake(ctx context.Context) error {
	l.stage = awake
	l.run.Note("all read again")
	l.feed.Took = func(time.Duration) {}
	l.run.Phase(scenario.Draining, 0)
	for _, s := range l.readers {
		s.wake(l.sent())
	}
	if err := l.run.Await(ctx, l.caughtUp, l.progress); err != nil && !errors.Is(err, course.ErrQuiet) {
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
	l.feed.Add(0, l.run.Loop.Now())
	l.feed.Pump()
	err := l.run.Await(ctx, func() bool { return l.feed.Quiet() && l.caughtUp() }, func() uint64 { return l.progress() + l.feed.Moved() })
	for _, s := range l.readers {
		if !s.caughtUp(l.sent()) {
			s.fate = stuck
		}
	}
	if l.feed.Missing() == 0 && errors.Is(err, course.ErrQuiet) {
		return nil // the fates tell
	}
	return err
}

func (l *laggards) publish(ctx context.Context, p scenario.Phase, d time.Duration) error {
	return l.feed.OpenLoop(ctx, p, l.Rate, 0, d, func() int { return 0 })
}

func (l *laggards) sent() uint32     { return l.feed.Sent(0) }
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
