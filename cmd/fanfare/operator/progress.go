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

// progress shows how far a drain or an upgrade is: a line that is redrawn on a terminal, and
// one for each step and every few seconds elsewhere.
type progress struct {
	to       io.Writer
	terminal bool
	of       uint64 // connections at the beginning

	step    string
	written time.Time
}

func newProgress(c *command.Process, of uint64) *progress {
	return &progress{to: c.Stderr, terminal: term.IsTerminal(c.Stderr), of: of}
}

// show is for a drain.
func (p *progress) show(s control.Status) {
	if s.Drain == nil {
		return
	}
	p.of = max(p.of, s.Connections) // newcomers are served for a while
	step := term.Printable(string(s.Drain.Step))
	p.draw(step, p.of-s.Connections, fmt.Sprintf("%-8s %s left of %s, at most %d s", step, report.Whole(s.Connections), report.Whole(p.of), int(s.Drain.Left)))
}

// showUpgrade is for one of these.
func (p *progress) showUpgrade(u *control.Upgrade) {
	p.of = max(p.of, u.Of, uint64(u.Moved))
	step := term.Printable(string(u.Step))
	line := step + " the new process"
	if u.Step != control.Starting {
		line = fmt.Sprintf("%-8s %s of %s connections moved", step, report.Whole(uint64(u.Moved)), report.Whole(p.of))
	}
	p.draw(step, uint64(u.Moved), line)
}

func (p *progress) draw(step string, done uint64, line string) {
	if p.terminal {
		// A line that wraps could not be drawn over.
		_, _ = fmt.Fprintf(p.to, "\r\x1b[K%.*s", terminalWidth-1, p.bar(done)+" "+line)
		return
	}
	if step == p.step && time.Since(p.written) < progressEvery {
		return
	}
	p.step, p.written = step, time.Now()
	_, _ = fmt.Fprintln(p.to, line)
}

func (p *progress) bar(done uint64) string {
	full := barWidth
	if p.of > 0 {
		full = int(done * barWidth / p.of)
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
