//go:build linux

package main

import (
	"math"

	"fanfare/bench/loadgen"
	"fanfare/bench/results"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/course"
)

// measurement is what runs together in a round, and the lines of the tables
// that come of it.
type measurement struct {
	id      string // what -scenario is matched with
	group   string // the table that its lines stand in
	times   rounds
	trials  []trial
	lines   []line
	noShare string // why lines that are not compared with the limit are not
	picture string // caption of a picture of the trials that have a name; none without
	brief   bool   // the picture stands in the README too
}

// rounds is how often a measurement runs.
type rounds int

const (
	asked rounds = 0 // as often as -rounds says
	once  rounds = 1 // takes minutes, and hardly varies
	five  rounds = 5 // varies much: when -rounds is 3 or more
)

func (n rounds) of(asked int) int {
	switch {
	case n == once:
		return 1
	case n == five && asked >= 3:
		return max(int(n), asked)
	}
	return asked
}

// trial is a scenario against a fresh process of a program.
type trial struct {
	key      string // what its measurement's lines find its result by
	program  program
	scenario scenario.Scenario
	name     string // in the picture
}

// round has the results of one round by the trials' keys. One that failed is
// not there.
type round map[string]*scenario.Result

// line is a row of a table that is still to be measured. Its row has neither
// group nor figures yet. against may be nil.
type line struct {
	results.Row
	ours, against figure
}

// figure takes a figure out of a round, NaN when it is not there.
type figure func(round) float64

// of makes a figure of one trial's result.
func of(key string, take func(*scenario.Result) float64) figure {
	return func(r round) float64 {
		if r[key] == nil {
			return math.NaN()
		}
		return take(r[key])
	}
}

// named is a figure that only some scenarios have.
func named(name string) func(*scenario.Result) float64 {
	return func(r *scenario.Result) float64 {
		for _, f := range r.Figures {
			if f.Name == name {
				return f.Value
			}
		}
		return math.NaN()
	}
}

func perCPUSecond(r *scenario.Result) float64 { return r.PerCPUSecond() }
func perSecond(r *scenario.Result) float64    { return r.PerSecond() }
func bytesEach(r *scenario.Result) float64    { return r.BytesEach() }
func bytesLeft(r *scenario.Result) float64    { return r.BytesLeft() }

// microseconds is what a delivery costs.
func microseconds(r *scenario.Result) float64 { return 1e6 / r.PerCPUSecond() }

func astray(r *scenario.Result) float64 { return messagesAstray(r.Counts) }

func messagesAstray(c loadgen.Counts) float64 {
	return float64(c.Lost + c.Duplicated + c.Reordered + c.Stray + c.Disagreed)
}

// latency is a quantile (50, 99) in milliseconds.
func latency(quantile float64) func(*scenario.Result) float64 {
	return func(r *scenario.Result) float64 {
		if r.Latency == nil {
			return math.NaN()
		}
		return course.Milliseconds(r.Latency, quantile)
	}
}
