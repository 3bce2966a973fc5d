//go:build unix

package operator

import (
	"fmt"
	"io"
	"strings"
	"time"

	"fanfare/bench/report"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/term"
)

// progressEvery is how often progress is written where no terminal is.
const progressEvery = 5 * time.Second

// terminalWidth is what a terminal is taken to have at least, and barWidth what of
// it the bar has.
const terminalWidth, barWidth = 80, 24

// progress shows how far a drain is: a line that is redrawn on a terminal, and
// one for each step and every few seconds elsewhere.
type progress struct {
	to       io.Writer
	terminal bool
	of       uint64 // connections at the beginning

	step    control.Step
	written time.Time
}

func newProgress(c *command.Process, of uint64) *progress {
	return &progress{to: c.Stderr, terminal: term.IsTerminal(c.Stderr), of: of}
}

func (p *progress) show(s control.Status) {
	if s.Drain == nil {
		return
	}
	p.of = max(p.of, s.Connections) // newcomers are served for a while
	step := term.Printable(string(s.Drain.Step))
	line := fmt.Sprintf("%-8s %s left of %s, at most %d s", step, report.Whole(s.Connections), report.Whole(p.of), int(s.Drain.Left))
	if p.terminal {
		// A line that wraps could not be drawn over.
		_, _ = fmt.Fprintf(p.to, "\r\x1b[K%.*s", terminalWidth-1, p.bar(s.Connections)+" "+line)
		return
	}
	if s.Drain.Step == p.step && time.Since(p.written) < progressEvery {
		return
	}
	p.step, p.written = s.Drain.Step, time.Now()
	_, _ = fmt.Fprintln(p.to, line)
}

func (p *progress) bar(left uint64) string {
	full := barWidth
	if p.of > 0 {
		full = int((p.of - left) * barWidth / p.of)
	}
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", barWidth-full) + "]"
}

// end makes room for the result.
func (p *progress) end() {
	if p.terminal {
		_, _ = io.WriteString(p.to, "\r\x1b[K")
	}
}

func connections(n uint64) string {
	if n == 1 {
		return "1 connection"
	}
	return report.Whole(n) + " connections"
}
