//go:build linux

package scenario

import (
	"context"
	"time"

	"fanfare/bench/loadgen"
)

// API publishes signed events to a channel without subscribers over kept-alive
// connections, each with one request outstanding. Done counts events.
type API struct {
	Connections int
	Batch       int // events in one request; 1 posts to events, more to batch_events
	FrameBytes  int // of what a subscriber would get
	Duration    time.Duration
}

// Run measures s.
func (c API) Run(ctx context.Context, s Server) (Result, error) {
	return withLoop(func(l *loadgen.Loop) (Result, error) {
		a := &api{API: c, loop: l, writer: newEventWriter(s.Target, c.FrameBytes)}
		if err := a.open(s.Target); err != nil {
			return Result{}, err
		}
		if err := a.publishFor(ctx, warmUp); err != nil {
			return Result{}, err
		}
		before := a.answered
		return s.measure(func() (Result, error) {
			err := a.publishFor(ctx, c.Duration)
			return Result{Done: a.answered - before}, err
		})
	})
}

type api struct {
	API
	loop       *loadgen.Loop
	writer     eventWriter
	publishers []*loadgen.Publisher
	answered   uint64 // events
	waiting    int    // requests that are not answered
	publishing bool
	scratch    []byte
}

func (a *api) open(t *loadgen.Target) error {
	for i := range a.Connections {
		p, err := a.loop.Publisher(t)
		if err != nil {
			return err
		}
		p.Answered = func() {
			a.waiting--
			a.answered += uint64(a.Batch)
			if a.publishing {
				a.post(i)
			}
		}
		a.publishers = append(a.publishers, p)
	}
	return nil
}

func (a *api) publishFor(ctx context.Context, d time.Duration) error {
	a.publishing = true
	for i := range a.publishers {
		a.post(i)
	}
	end := time.Now().Add(d)
	return a.loop.Run(ctx, func() bool {
		a.publishing = time.Now().Before(end)
		return !a.publishing && a.waiting == 0
	})
}

func (a *api) post(i int) {
	a.waiting++
	if a.Batch == 1 {
		a.scratch = a.writer.appendEvent(a.scratch[:0], loadgen.Mark{Publisher: i, Seq: uint32(a.answered)})
		a.publishers[i].Post("events", a.scratch)
		return
	}
	a.scratch = a.writer.appendBatch(a.scratch[:0], i, uint32(a.answered), a.Batch)
	a.publishers[i].Post("batch_events", a.scratch)
}
