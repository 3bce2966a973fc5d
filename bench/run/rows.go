//go:build linux

package main

import (
	"math"
	"strings"

	"fanfare/bench/loadgen"
	"fanfare/bench/report"
	"fanfare/bench/results"
	"fanfare/bench/scenario"
)

// results makes the rows, and says how they came about.
func (f findings) results(c *conditions, args []string) *results.Results {
	r := &results.Results{
		Date: c.date, Commit: c.commit, Machine: c.machine, Conditions: c.lines,
		Command: strings.Join(append([]string{"go run ./bench/run"}, args...), " "),
	}
	for _, one := range f {
		for _, l := range one.lines {
			r.Rows = append(r.Rows, one.row(l))
		}
		for _, t := range one.trials {
			r.Runs = append(r.Runs, results.Run{
				ID: one.id, Program: t.key, Server: t.program.told(), Scenario: flags(t.scenario), Rounds: len(one.rounds),
			})
		}
	}
	r.Rows = append(r.Rows, f.integrity())
	return r
}

// row makes the row of one line.
func (f *finding) row(l line) results.Row {
	row := l.Row
	row.Group = f.group
	if row.With != with {
		row.NoShare = f.noShare
	}
	for i, r := range f.rounds {
		ours, against := l.ours(r), 1.0
		if l.against != nil {
			against = l.against(r)
		}
		if !isNumber(ours) || !isNumber(against) {
			row.Failed = append(row.Failed, f.why(i))
			continue
		}
		row.Ours = append(row.Ours, ours)
		if l.against != nil {
			row.Against = append(row.Against, against)
		}
	}
	if len(row.Ours) == 0 && len(row.Failed) == 0 {
		row.Failed = []string{"no round was finished"}
	}
	return row
}

func isNumber(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// why is what went wrong in a round.
func (f *finding) why(i int) string {
	if len(f.failed[i]) > 0 {
		return strings.Join(f.failed[i], "; ")
	}
	return "a round gave no such figure"
}

// integrity is about every message of every run, also of those that failed. It
// is not held when any did: what they would have lost is not known.
func (f findings) integrity() results.Row {
	delivered, wrong := uint64(0), 0.0
	add := func(c loadgen.Counts) {
		delivered += c.Delivered
		wrong += messagesAstray(c)
	}
	var failed []string
	for _, one := range f {
		for _, r := range one.rounds {
			for _, res := range r {
				add(res.Counts)
			}
		}
		for _, c := range one.counts {
			add(c)
		}
		for _, why := range one.failed {
			failed = append(failed, why...)
		}
	}
	if delivered == 0 {
		failed = append(failed, "nothing was delivered")
	}
	name := "lost, twice or out of order, of " + report.Whole(delivered) + " deliveries of all runs together"
	return results.Row{
		ID: "integrity", Group: "Every delivery", Name: name, Unit: "messages", Ours: []float64{wrong}, Failed: failed,
		Brief: name, Bound: results.Bound{Kind: results.AtMost, Value: 0},
		NoShare: "the limit's runs are among them",
	}
}

// flags writes a scenario as `fanfare bench` takes it.
func flags(s scenario.Scenario) string {
	words := []string{"fanfare bench " + s.Name()}
	for _, p := range parametersOf(s) {
		words = append(words, "--"+p.flag+"="+p.value)
	}
	return strings.Join(words, " ")
}
