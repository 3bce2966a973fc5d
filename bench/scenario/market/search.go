//go:build linux

package market

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

const (
	// searchSteps bounds a search, and searchGap is how near it comes.
	searchSteps = 24
	searchGap   = 1.05

	// searchTries is how often a rate has to fail until it is believed.
	searchTries = 2

	// searchFactor is how far a search goes up until something fails.
	searchFactor = 1.5

	// behind is how many times the bound a message may be late until the step
	// is given up: waiting on would only make the server drop connections.
	behind = 4
)

// bracket is between which rates the highest one lies that holds.
type bracket struct{ holds, fails float64 } // 0 when it is not known

// next is the rate to try after one that held or did not; 0 when the search is
// over.
func (b *bracket) next(rate float64, held bool) float64 {
	if held {
		b.holds = rate
	} else {
		b.fails = rate
	}
	switch {
	case b.fails == 0:
		return rate * searchFactor
	case b.holds == 0:
		return rate / 2
	case b.fails/b.holds < searchGap:
		return 0
	}
	return (b.holds + b.fails) / 2
}

// search finds the highest rate that holds, and leaves its result.
func (m *market) search(ctx context.Context) error {
	var b bracket
	var best scenario.Result
	var last error
	rate := m.Rate
	for range searchSteps {
		held, err := m.tryAgain(ctx, rate)
		if err != nil {
			return err
		}
		if held == nil {
			best = m.run.Result
			best.Servers = slices.Clone(best.Servers)
		} else {
			last = held
		}
		at := rate
		if rate = b.next(at, held == nil); rate == 0 || rate < 1 {
			break
		}
	}
	if b.holds == 0 {
		return fmt.Errorf("no rate was found that holds, down to %.0f ticks a second: %w", b.fails, last)
	}
	figures := m.run.Result.Figures
	m.run.Result = best
	m.run.Result.Figures = figures
	m.run.Figure("highest rate that holds", b.holds, "/s")
	if last != nil {
		m.run.Figure("lowest rate that does not", b.fails, "/s")
	}
	return m.feed.Close(nil)
}

// tryAgain is try with a second chance: a rate that a machine's hiccup spoiled
// would hide all that are above it.
func (m *market) tryAgain(ctx context.Context, rate float64) (fails, err error) {
	for range searchTries {
		if fails, err = m.try(ctx, rate); fails == nil || err != nil {
			break
		}
	}
	return fails, err
}

// try reports why a rate does not hold, nil when it does. err ends the search.
func (m *market) try(ctx context.Context, rate float64) (fails, err error) {
	m.feed.Late = behind * m.Bound
	m.run.Note(fmt.Sprintf("at %.0f ticks a second", rate))
	fails = m.step(ctx, rate)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if fails != nil {
		return fails, m.reopen(ctx, fails)
	}
	if p99 := time.Duration(m.run.Result.Latency.ValueAtQuantile(99)); p99 > m.Bound {
		return fmt.Errorf("p99 is %s at %.0f ticks a second, more than %s", p99, rate, m.Bound), nil
	}
	return nil, nil
}

// reopen makes a new feed when a step has broken the old one: connections that
// the server has dropped, requests that it has refused. fails is why. Being
// late is how an overloaded server fails, and dropping connections; repeating
// is not, nor swapping, nor leaving out on a connection that stands. (A
// source's last message that never came counts as late.)
func (m *market) reopen(ctx context.Context, fails error) error {
	if errors.Is(fails, course.ErrBehind) && m.feed.Quiet() && m.run.Broken() == nil {
		return nil
	}
	gaps := m.run.Broken() == nil && m.feed.Gaps() > 0
	c := m.feed.Count()
	if gaps || c.Duplicated+c.Reordered+c.Stray > 0 {
		m.run.Result.Counts = c
		return errors.Join(fails, course.Astray(c))
	}
	m.feed.Abandon()
	return m.open(ctx)
}
