//go:build linux

package scenario

import (
	"bytes"
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
)

// pingsEach is how often a probe sends a ping, in a second.
const pingsEach = 10

// prober has connections that do nothing but send pusher:ping at an even pace
// and time the answers from when the ping was due.
type prober struct {
	run     *run
	fleet   *loadgen.Fleet
	waiting []flights // by connection: answers come in the order of the pings
	latency *hdrhistogram.Histogram
	answers uint64
	missing int
	turn    int
}

func (r *run) probe(ctx context.Context, n int) (*prober, error) {
	fleet := r.loop.Open(r.Target, n, n, nil)
	fleet.Prompt = true
	if err := r.opened(ctx, fleet); err != nil {
		return nil, err
	}
	p := &prober{run: r, fleet: fleet, waiting: make([]flights, n)}
	fleet.Other = p.answered
	return p, nil
}

// watch probes while work goes on, waits for the last answers, and notes the
// latency.
func (p *prober) watch(ctx context.Context, when string, work func() error) error {
	p.latency = newHistogram()
	pace := p.run.pace(pingsEach*float64(p.fleet.Size()), never, 0, p.ping, func() {})
	err := work()
	pace.over = true
	if err == nil {
		err = p.run.await(ctx, func() bool { return p.missing == 0 }, func() uint64 { return p.answers })
	}
	p.run.figure("ping p50, "+when, milliseconds(p.latency, 50), "ms")
	p.run.figure("ping p99, "+when, milliseconds(p.latency, 99), "ms")
	return err
}

func (p *prober) ping(due time.Duration) {
	i := p.turn % p.fleet.Size()
	p.turn++
	p.waiting[i].add(due, 1)
	p.missing++
	p.fleet.Send(i, []byte(`{"event":"pusher:ping","data":{}}`))
}

func (p *prober) answered(i int, payload []byte) {
	if !bytes.Contains(payload, []byte(`"pusher:pong"`)) || p.waiting[i].over() {
		return
	}
	due, _ := p.waiting[i].land(p.waiting[i].first())
	p.missing--
	p.answers++
	record(p.latency, p.run.loop.Now()-due)
}
