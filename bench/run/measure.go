//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
	"fanfare/bench/serving"
)

// finding is what the rounds of one measurement gave.
type finding struct {
	measurement
	rounds []round
	failed [][]string       // by round: why trials have no result
	counts []loadgen.Counts // of those trials, as far as they came
}

// findings is everything.
type findings []*finding

// err is nil when all trials gave a result.
func (f findings) err() error {
	n := 0
	for _, one := range f {
		for _, why := range one.failed {
			n += len(why)
		}
	}
	if n > 0 {
		return fmt.Errorf("%d runs failed; the page says which and why", n)
	}
	return nil
}

// measureAll runs all rounds, the first of every measurement before the second
// of any, so that what changes on the machine changes all alike. A trial that
// fails does not stop the others; when ctx ends, what is there is returned.
func (o *options) measureAll(ctx context.Context, b built, list []measurement, p *progress) findings {
	found := make(findings, len(list))
	for i, m := range list {
		found[i] = &finding{measurement: m}
	}
	for n := 0; ctx.Err() == nil && n < maxRounds(list); n++ {
		for _, f := range found {
			if n < int(f.times) && ctx.Err() == nil {
				o.measureRound(ctx, b, f, n, p)
			}
		}
	}
	return found
}

func maxRounds(list []measurement) (most int) {
	for _, m := range list {
		most = max(most, int(m.times))
	}
	return most
}

// measureRound runs the trials of one round, by turns forwards and backwards:
// what warms the machine up, or slows it down, favours nobody.
func (o *options) measureRound(ctx context.Context, b built, f *finding, n int, p *progress) {
	trials, r, failed := slices.Clone(f.trials), make(round), []string(nil)
	if n%2 == 1 {
		slices.Reverse(trials)
	}
	for _, t := range trials {
		p.begin(f.id, t)
		res, err := o.against(ctx, b, t, p.show)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failed = append(failed, fmt.Sprintf("round %d, %s: %v", n+1, t.key, err))
			f.counts = append(f.counts, res.Counts)
			p.failed(err)
			continue
		}
		r[t.key] = &res
		p.done(f.lead(t.key), &res)
	}
	f.rounds, f.failed = append(f.rounds, r), append(f.failed, failed)
}

// lead is the line that tells most about a trial, nil when there is none.
func (f *finding) lead(key string) func(*scenario.Result) (string, bool) {
	return func(res *scenario.Result) (string, bool) {
		alone := round{key: res}
		for _, l := range f.lines {
			for _, take := range []figure{l.ours, l.against} {
				if text, ok := told(take, alone, l.Unit); ok {
					return text, true
				}
			}
		}
		return "", false
	}
}

// against runs a scenario against a fresh process.
func (o *options) against(ctx context.Context, b built, t trial, show func(scenario.Progress)) (res scenario.Result, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute+4*t.lasts(), errors.New("it takes too long"))
	defer cancel()
	r, err := b.start(ctx, t.program, o.cores)
	if err != nil {
		return res, err
	}
	defer r.stop()
	r.Progress = show
	if res, err = t.scenario.Run(ctx, r.Server); err != nil {
		return res, fmt.Errorf("%w; the server says: %s", err, serving.Tail(r.process.Log))
	}
	return res, nil
}
