package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Paint marks parts of a table for a terminal. The zero Paint leaves text as
// it is.
type Paint struct{ Bold, Dim, Good, Bad func(string) string }

func paint(with func(string) string, text string) string {
	if with == nil || text == "" {
		return text
	}
	return with(text)
}

const (
	tableWidth = 80
	labelWidth = 18
)

// WriteTable writes d for a person, in lines of at most 80 columns (longer
// only where a single name is).
func (d *Document) WriteTable(w io.Writer, p Paint) error {
	t := &table{Paint: p}
	t.head(d)
	t.done(d)
	t.messages(d.Messages)
	t.latency(d.Latency)
	t.upgrades(d.Upgrades)
	t.memory(d)
	t.load(d)
	t.figures(d.Figures)
	_, err := io.WriteString(w, t.out.String())
	return err
}

type table struct {
	Paint
	out strings.Builder
}

// row is a label and what it is the label of.
func (t *table) row(label, value string) {
	fmt.Fprintf(&t.out, "%s%s%s\n", paint(t.Dim, label), space(labelWidth-utf8.RuneCountInString(label)), value)
}

func space(n int) string { return strings.Repeat(" ", max(n, 1)) }

// columns sets cells one under the other, numbers to the right.
func columns(cells ...string) string {
	const each = 12
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(strings.Repeat(" ", max(each-utf8.RuneCountInString(c), 1)) + c)
	}
	return b.String()
}

func (t *table) head(d *Document) {
	state := ""
	switch {
	case d.Interrupted:
		state = paint(t.Bad, "  (stopped: what was measured until then)")
	case d.Error != "":
		state = paint(t.Bad, "  (failed: what was measured until then)")
	}
	fmt.Fprintf(&t.out, "%s  %s%s\n", paint(t.Bold, d.Scenario), d.Target.URL, state)
	t.parameters(d.Parameters)
	t.out.WriteByte('\n')
}

func (t *table) parameters(list map[string]string) {
	for _, line := range parameterLines(list, tableWidth) {
		t.out.WriteString(paint(t.Dim, line) + "\n")
	}
}

// parameterLines writes them as flags, and tears none apart.
func parameterLines(list map[string]string, width int) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(list)) {
		item := "--" + name + "=" + list[name]
		if last := len(lines) - 1; last >= 0 && len(lines[last])+1+len(item) <= width {
			lines[last] += " " + item
		} else {
			lines = append(lines, item)
		}
	}
	return lines
}

func (t *table) done(d *Document) {
	if d.PerSecond == 0 && d.Unit == "connections" {
		t.row("held", fmt.Sprintf("%s %s for %s", Whole(d.Done), d.Unit, Duration(d.Wall)))
		return
	}
	t.row("done", fmt.Sprintf("%s %s in %s", Whole(d.Done), d.Unit, Duration(d.Wall)))
	t.row("per second", paint(t.Bold, Count(d.PerSecond)))
	if d.PerCPUSecond > 0 {
		t.row("per CPU-second", paint(t.Bold, Count(d.PerCPUSecond))+fmt.Sprintf("  (the server took %s of CPU)", Duration(d.serverCPU())))
	}
}

func (t *table) messages(m *Messages) {
	if m == nil {
		return
	}
	under := ""
	if m.UnderWay > 0 {
		under = fmt.Sprintf("; %s still under way", Whole(m.UnderWay))
	}
	if m.Clean() {
		t.row("messages", paint(t.Good, "none lost, none twice, all in order")+under)
		return
	}
	text := fmt.Sprintf("%s lost, %s twice, %s out of order", Whole(m.Lost), Whole(m.Duplicated), Whole(m.Reordered))
	t.row("messages", paint(t.Bad, text)+under)
	if m.Stray > 0 {
		t.row("", paint(t.Bad, Whole(m.Stray)+" came to somebody who was not subscribed"))
	}
	if m.Disagreed > 0 {
		t.row("", paint(t.Bad, Whole(m.Disagreed)+" subscribers saw another order than the others"))
	}
}

func (t *table) latency(l *Latency) {
	if l == nil {
		return
	}
	t.out.WriteByte('\n')
	t.row("latency", paint(t.Dim, columns("p50", "p90", "p99", "p99.9", "max")))
	t.row("", columns(Duration(l.P50), Duration(l.P90), Duration(l.P99), Duration(l.P999), Duration(l.Max)))
}

// upgrades tells of each what the server says, and below it what clients felt.
func (t *table) upgrades(list []Upgrade) {
	if len(list) == 0 {
		return
	}
	t.out.WriteByte('\n')
	t.row("upgrades", paint(t.Dim, columns("state", "took", "frozen", "worst", "silence")))
	for _, u := range list {
		t.row(fmt.Sprintf("  %s conns", Whole(uint64(u.Connections))),
			columns(Bytes(float64(u.State)), Duration(u.Took), Duration(u.Frozen), Duration(u.Worst), Duration(u.Silence)))
		if u.Cut > 0 {
			t.row("", paint(t.Bad, Whole(uint64(u.Cut))+" connections were cut"))
		}
	}
}

func (t *table) memory(d *Document) {
	if !slices.ContainsFunc(d.Servers, func(s Server) bool { return s.Held > 0 }) {
		return
	}
	t.out.WriteByte('\n')
	t.row("resident memory", paint(t.Dim, columns("before", "held", "after")))
	for _, s := range d.Servers {
		after := "-"
		if s.After > 0 {
			after = Bytes(float64(s.After))
		}
		t.row(fmt.Sprintf("  process %d", s.PID), columns(Bytes(float64(s.Before)), Bytes(float64(s.Held)), after))
	}
	if m := d.Memory; m != nil {
		left := ""
		if m.Left != 0 {
			left = fmt.Sprintf(", %s of it left after they had gone", Bytes(m.Left))
		}
		if m.Each < 0 || m.Left < 0 {
			t.row("", paint(t.Bad, "It shrank: the server was not fresh, so these say little."))
			return
		}
		t.row("  per connection", paint(t.Bold, fmt.Sprintf("%.0f B", m.Each))+left)
	}
}

func (t *table) load(d *Document) {
	t.out.WriteByte('\n')
	t.row("load generator", fmt.Sprintf("%.0f %% of a core", 100*d.Busy()))
	if d.Bottleneck() {
		t.row("", paint(t.Bad, "It was as busy as one thread can be, so the server may be faster than this."))
	}
}

func (t *table) figures(list []Figure) {
	if len(list) == 0 {
		return
	}
	t.out.WriteByte('\n')
	width := labelWidth
	for _, f := range list {
		width = max(width, utf8.RuneCountInString(f.Name)+2)
	}
	for _, f := range list {
		fmt.Fprintf(&t.out, "%s%s%s\n", paint(t.Dim, f.Name), space(width-utf8.RuneCountInString(f.Name)), f)
	}
}
