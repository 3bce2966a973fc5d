//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// report is the whole result.
type report struct {
	conditions *conditions
	rows       []*row
	rounds     int
}

func (r report) cells(w *row) []string {
	met := "no"
	if w.met() {
		met = "yes"
	}
	return []string{
		w.name, w.unit, spread(w.ours, number), spread(w.limit, number), spread(w.shares(), ratio), w.hold.String(), met,
	}
}

var columns = []string{"what", "unit", "Fanfare", "limit", "share of the limit", "to hold", "held"}

// writeText writes the table for a terminal.
func (r report) writeText(to io.Writer) error {
	lines := []string{strings.Join(columns, "\t")}
	for _, row := range r.rows {
		lines = append(lines, strings.Join(r.cells(row), "\t"))
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
		return err
	}
	return w.Flush()
}

// markdown is the page for bench/results.
func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Measured on %s\n\n", r.conditions.date)
	fmt.Fprintf(&b, "Median [least-most] of %d rounds. \"limit\" is the C program in `bench/limit`, which does the least "+
		"that can be done for the same work on this kernel; it ran in turn with Fanfare in every round, each time as a "+
		"fresh process, and the share is taken round by round. Every delivery was checked: none was lost, came twice or "+
		"out of order.\n\n", r.rounds)
	writeRow(&b, columns)
	writeRow(&b, strings.Split(strings.Repeat("--- ", len(columns)-1)+"---", " "))
	for _, row := range r.rows {
		writeRow(&b, r.cells(row))
	}
	b.WriteString("\nNot measured yet: `market`, to hold 1.50 M deliveries per CPU-second at a p99 of 150 ms, and 1,000,000 " +
		"connections held by one process.\n\n## Conditions\n\n")
	for _, line := range r.conditions.lines {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	b.WriteString("\nMake it again with `make bench`.\n")
	return b.String()
}

func writeRow(b *strings.Builder, cells []string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}
