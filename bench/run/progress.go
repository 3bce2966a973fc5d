//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"fanfare/bench/report"
	"fanfare/bench/scenario"
)

// progress tells how far the set is: a line for each trial that is over, and
// one now and then within a long one.
type progress struct {
	to      io.Writer
	steps   int
	step    int
	planned time.Duration // for all
	behind  time.Duration // of it, for what is over
	began   time.Time     // the set
	trial   trial
	id      string
	told    time.Time // the latest line
}

// every is the time between two lines within a trial.
const every = 15 * time.Second

func newProgress(to io.Writer, list []measurement) *progress {
	p := &progress{to: to, began: time.Now()}
	p.planned, p.steps = wait(list)
	p.print("%d steps, about %s", p.steps, minutes(p.planned))
	return p
}

func (p *progress) begin(id string, t trial) {
	p.step++
	p.id, p.trial, p.told = id, t, time.Now()
}

// show is scenario.Server.Progress.
func (p *progress) show(s scenario.Progress) {
	if time.Since(p.told) < every {
		return
	}
	p.told = time.Now()
	planned := ""
	if s.Planned > 0 {
		planned = " of " + report.Duration(s.Planned)
	}
	p.print("%s  %s %s, %s%s", p.where(), s.Phase, s.Note, report.Duration(s.Elapsed), planned)
}

func (p *progress) done(lead func(*scenario.Result) (string, bool), res *scenario.Result) {
	p.behind += p.trial.lasts()
	text, ok := lead(res)
	if !ok {
		text = report.Count(res.PerCPUSecond()) + " " + res.Unit + " per CPU-second"
	}
	p.print("%s  %s (server %.2f s, load %.2f s, in %.2f s); %s left", p.where(), text,
		res.CPU().Seconds(), res.LoadCPU.Seconds(), res.Wall.Seconds(), minutes(p.left()))
}

func (p *progress) failed(err error) {
	p.behind += p.trial.lasts()
	p.print("%s  failed: %v", p.where(), err)
}

func (p *progress) where() string {
	return fmt.Sprintf("step %d of %d  %s, %s:", p.step, p.steps, p.id, p.trial.key)
}

// left is what is planned for the rest, stretched as what is over was.
func (p *progress) left() time.Duration {
	stretch := float64(time.Since(p.began)) / float64(max(p.behind, 1))
	return time.Duration(stretch * float64(p.planned-p.behind))
}

// print tells somebody who may have gone.
func (p *progress) print(format string, args ...any) { _, _ = fmt.Fprintf(p.to, format+"\n", args...) }

func minutes(d time.Duration) string {
	if d < 90*time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// told is a figure with its unit, if the round has it.
func told(take figure, r round, unit string) (string, bool) {
	if take == nil {
		return "", false
	}
	v := take(r)
	return report.Count(v) + " " + unit, !math.IsNaN(v)
}
