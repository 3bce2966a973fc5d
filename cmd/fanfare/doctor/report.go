package doctor

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"fanfare/cmd/fanfare/doctor/machine"
	"fanfare/cmd/fanfare/term"
)

// Report is what the command found.
type Report struct {
	Need     Need             `json:"need"`
	Origin   string           `json:"connections_from"`
	Machine  *machine.Machine `json:"machine"`
	Findings []Finding        `json:"checks"`
	Cost     Cost             `json:"cost"`
	Memory   int64            `json:"memory_carries"` // connections at rest; 0 is not known
	Now      Ceiling          `json:"ceiling"`
	Fixed    Ceiling          `json:"ceiling_after_fix"`
}

// newReport judges the machine.
func newReport(m *machine.Machine, n Need, origin string) *Report {
	r := &Report{Need: n, Origin: origin, Machine: m, Findings: judge(m, &n), Cost: cost(m, &n)}
	r.Now, r.Fixed = ceilings(r.Findings, &n)
	if i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Check == checkMemory }); i >= 0 {
		r.Memory = r.Findings[i].Ends
	}
	return r
}

// failed are the checks that scripts are to stop for.
func (r *Report) failed() []string {
	var names []string
	for _, f := range r.Findings {
		if f.Verdict.fails() {
			names = append(names, f.Check)
		}
	}
	return names
}

// write prints the report for a person, in 80 columns.
func (r *Report) write(w io.Writer, style term.Style, all bool) error {
	var b strings.Builder
	r.writeHead(&b, style)
	r.writeTable(&b, style)
	r.writeReasons(&b, style, all)
	r.writeMemory(&b, style)
	b.WriteByte('\n')
	term.Wrap(&b, "", r.sentences())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writeHead(b *strings.Builder, style term.Style) {
	m := r.Machine
	words := []string{"Linux " + cmp.Or(m.Kernel.Value, "?"), fmt.Sprintf("%d %s", usable(m), plural(usable(m), "processor"))}
	if r.Cost.Given > 0 {
		words = append(words, size(r.Cost.Given)+" of memory")
	}
	fmt.Fprintf(b, "%s: %s\n", style.Bold(term.Printable(cmp.Or(m.Host.Value, "this machine"))), term.Printable(strings.Join(words, ", ")))
	over := ""
	if r.Need.TLS {
		over = " over TLS"
	}
	fmt.Fprintf(b, "Judged for %s %s%s (%s).\n\n", style.Bold(number(r.Need.Connections)), plural(r.Need.Connections, "connection"), over, r.Origin)
}

// Widths of the table's columns: 80 with the verdict and what is between them.
const (
	nameWidth = 23
	wordWidth = 23
)

func (r *Report) writeTable(b *strings.Builder, style term.Style) {
	row := func(name, is, should, verdict string) {
		line := fmt.Sprintf("  %s %s %s %s", fit(name, nameWidth), fit(is, wordWidth), fit(should, wordWidth), verdict)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	row("check", "is", "should be", "")
	for i := range r.Findings {
		f := &r.Findings[i]
		row(f.Check, f.Is, f.Should, f.Verdict.paint(style))
	}
}

// fit makes text as wide as the column.
func fit(text string, width int) string {
	text = term.Printable(text)
	runes := []rune(text)
	if len(runes) > width {
		return string(runes[:width-3]) + "..."
	}
	return text + strings.Repeat(" ", width-len(runes))
}

func (v Verdict) paint(style term.Style) string {
	switch v {
	case OK:
		return style.Green(v.String())
	case Low, Bad:
		return style.Red(v.String())
	case Note, Unread:
	}
	return style.Cyan(v.String())
}

// writeReasons tells of everything that is not in order, the worst first; or of all.
func (r *Report) writeReasons(b *strings.Builder, style term.Style, all bool) {
	list := slices.Clone(r.Findings)
	slices.SortStableFunc(list, func(x, y Finding) int { return cmp.Compare(y.Verdict, x.Verdict) })
	for i := range list {
		f := &list[i]
		if f.Verdict == OK && !all {
			break
		}
		fmt.Fprintf(b, "\n%s: %s\n", style.Bold(f.Check), f.Verdict.paint(style))
		term.Wrap(b, "  ", term.Printable(f.Why))
		if f.Verdict.fails() && f.raised() {
			term.Wrap(b, "  ", "-> The files of --fix raise it.")
		}
		if f.Remedy != "" {
			term.Wrap(b, "  ", "-> "+term.Printable(f.Remedy))
		}
	}
}

func (r *Report) writeMemory(b *strings.Builder, style term.Style) {
	c := &r.Cost
	fmt.Fprintf(b, "\n%s\n", style.Bold("Memory for "+number(r.Need.Connections)+" connections"))
	row := func(bytes int64, what string) {
		if bytes > 0 {
			fmt.Fprintf(b, "  %10s  %s\n", size(bytes), what)
		}
	}
	row(c.Process, fmt.Sprintf("the server: up to %s bytes each", number(ProcessBytes)))
	row(c.TLS, fmt.Sprintf("TLS: up to %s bytes each", number(TLSBytes)))
	row(c.Kernel, fmt.Sprintf("the kernel's sockets: %s bytes each", number(KernelBytes)))
	row(c.Tracked, fmt.Sprintf("connection tracking: %s bytes each", number(TrackedBytes)))
	row(c.Rest(), "at rest")
	row(c.Event, "while an event of up to 1,000 bytes is on its way to all of them")
	row(c.Budgets, "what may wait at most: queue_budget, mailbox_bytes and so on")
	row(c.Given, "is there")
}
