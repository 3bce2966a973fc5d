//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

type subscription = loadgen.Subscription

// runTime bounds one run of one scenario, so that a server that loses a
// message ends the benchmark and does not hang it.
const runTime = time.Minute

// measureAll runs all rounds. In each one the limit program runs right before
// or after ours, by turns, so that a machine that slows down slows both.
func (o *options) measureAll(ctx context.Context, b built) ([]*row, error) {
	var rows []*row
	for _, m := range o.plan.plan() {
		if o.scenario.MatchString(m.id) {
			rows = append(rows, &row{name: m.name, unit: m.unit, hold: m.hold, measurement: m})
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("no scenario matches %q: there are fanout-1, fanout-16, connect, api, api-10, idle-shared, idle-private, idle-presence", o.scenario)
	}
	for round := range o.rounds {
		for _, r := range rows {
			if err := o.measureOnce(ctx, b, r, round); err != nil {
				return nil, fmt.Errorf("round %d, %s: %w", round+1, r.name, err)
			}
		}
	}
	return rows, nil
}

func (o *options) measureOnce(ctx context.Context, b built, r *row, round int) error {
	ours := func() error {
		res, err := o.against(ctx, r.measurement.runner, func(ctx context.Context) (*running, error) {
			return b.startFanfare(ctx, o.cores.server)
		})
		return o.note(r, "fanfare", &r.ours, res, err)
	}
	limit := func() error {
		if r.measurement.limit == 0 {
			return nil
		}
		res, err := o.against(ctx, r.measurement.runner, func(ctx context.Context) (*running, error) {
			return b.startLimit(ctx, o.cores.server, r.measurement.limit)
		})
		return o.note(r, "limit", &r.limit, res, err)
	}
	first, second := ours, limit
	if round%2 == 1 {
		first, second = limit, ours
	}
	if err := first(); err != nil {
		return err
	}
	return second()
}

// against runs a scenario against a fresh process.
func (o *options) against(ctx context.Context, s runner, start func(context.Context) (*running, error)) (scenario.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	p, err := start(ctx)
	if p != nil && p.ended != nil {
		defer p.stop()
	}
	if err != nil {
		return scenario.Result{}, err
	}
	res, err := s.Run(ctx, p.Server)
	if err != nil {
		return res, fmt.Errorf("%w\n%s", err, p.tail())
	}
	return res, nil
}

// note adds a run's figure to a row and tells of it.
func (o *options) note(r *row, who string, to *[]float64, res scenario.Result, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", who, err)
	}
	figure := r.measurement.figure(res)
	*to = append(*to, figure)
	_, err = fmt.Fprintf(o.verbose, "%-14s %-8s %10s %s (server %.2f s, load %.2f s, in %.2f s)\n",
		r.measurement.id, who, number(figure), r.unit, res.CPU.Seconds(), res.LoadCPU.Seconds(), res.Wall.Seconds())
	return err
}
