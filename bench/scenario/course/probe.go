//go:build linux

package course

import (
	"bytes"
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

// pingsEach is how often a probe sends a ping, in a second.
const pingsEach = 10

// Prober has connections that do nothing but send pusher:ping at an even pace
// and time the answers from when the ping was due.
type Prober struct {
	run     *Run
	fleet   *loadgen.Fleet
	waiting []flights // by connection: answers come in the order of the pings
	latency *hdrhistogram.Histogram
	answers uint64
	missing int
	turn    int
}

// Probe opens n connections that probe.
func (r *Run) Probe(ctx context.Context, n int) (*Prober, error) {
	fleet := r.Loop.Open(r.Target, n, n, nil)
	fleet.Prompt = true
	if err := r.Opened(ctx, fleet, scenario.Connecting); err != nil {
		return nil, err
	}
	p := &Prober{run: r, fleet: fleet, waiting: make([]flights, n)}
	fleet.Other = p.answered
	return p, nil
}

// Watch probes while work goes on, waits for the last answers, and notes the
// latency.
func (p *Prober) Watch(ctx context.Context, when string, work func() error) error {
	p.latency = NewHistogram()
	pace := p.run.Pace(pingsEach*float64(p.fleet.Size()), Forever, 0, p.ping, func() {})
	err := work()
	pace.Stop()
	if err == nil {
		err = p.run.Await(ctx, func() bool { return p.missing == 0 }, func() uint64 { return p.answers })
	}
	p.run.Figure("ping p50, "+when, Milliseconds(p.latency, 50), "ms")
	p.run.Figure("ping p99, "+when, Milliseconds(p.latency, 99), "ms")
	return err
}

func (p *Prober) ping(due time.Duration) {
	i := p.turn % p.fleet.Size()
	p.turn++
	p.waiting[i].add(due, 1)
	p.missing++
	p.fleet.Send(i, []byte(`{"event":"pusher:ping","data":{}}`))
}

func (p *Prober) answered(i int, payload []byte) {
	if !bytes.Contains(payload, []byte(`"pusher:pong"`)) || p.waiting[i].over() {
		return
	}
	due, _ := p.waiting[i].land(p.waiting[i].first())
	p.missing--
	p.answers++
	Record(p.latency, p.run.Loop.Now()-due)
}
