package bench

import (
	"fmt"
	"io"
	"strings"
	"time"

	"fanfare/bench/report"
	"fanfare/bench/scenario"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/term"
)

// terminalWidth is what a terminal is taken to have at least.
const terminalWidth = 80

// progressEvery is how often progress is written where no terminal is.
const progressEvery = 5 * time.Second

// benchProgress shows how far a run is: a line that is redrawn on a terminal,
// and one every few seconds elsewhere.
type benchProgress struct {
	to       io.Writer // nil shows nothing
	terminal bool
	now      func() time.Time

	most    int // connections that stood at once
	phase   scenario.Phase
	written time.Time
	drawn   bool // there is a line to be wiped
}

func (b *benching) progress(c *command.Process) *benchProgress {
	p := &benchProgress{to: c.Stderr, terminal: term.IsTerminal(c.Stderr), now: time.Now}
	if b.quiet {
		p.to = nil
	}
	return p
}

func (p *benchProgress) show(s scenario.Progress) {
	p.most = max(p.most, s.Ready)
	if p.to == nil {
		return
	}
	line := progressLine(s)
	if p.terminal {
		// A line that wraps could not be drawn over.
		_, _ = fmt.Fprintf(p.to, "\r\x1b[K%.*s", terminalWidth-1, line)
		p.drawn = true
		return
	}
	now := p.now()
	if s.Phase == p.phase && now.Sub(p.written) < progressEvery {
		return
	}
	p.phase, p.written = s.Phase, now
	_, _ = fmt.Fprintln(p.to, line)
}

// end makes room for the result.
func (p *benchProgress) end() {
	if p.drawn {
		_, _ = io.WriteString(p.to, "\r\x1b[K")
	}
}

func progressLine(s scenario.Progress) string {
	parts := []string{fmt.Sprintf("%-12s", s.Phase)}
	if s.Wanted > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s connections", report.Whole(uint64(s.Ready)), report.Whole(uint64(s.Wanted))))
	}
	if s.Done > 0 {
		parts = append(parts, report.Count(s.Rate)+"/s")
	}
	if s.P99 > 0 {
		parts = append(parts, "p99 "+report.Duration(s.P99))
	}
	if s.Planned > 0 {
		parts = append(parts, fmt.Sprintf("%d s left", int(max(s.Planned-s.Elapsed, 0).Round(time.Second).Seconds())))
	}
	if s.Note != "" {
		parts = append(parts, s.Note)
	}
	return strings.Join(parts, "  ")
}
