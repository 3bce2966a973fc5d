package results

import (
	"fmt"
	"slices"
	"strings"
)

// Page is the results for people, as Markdown.
func (r *Results) Page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Measured on %s\n\n%s\n", r.Date, r.intro())
	for _, group := range r.groups() {
		fmt.Fprintf(&b, "\n## %s\n\n", group)
		r.writeTable(&b, group)
		r.writeNoShares(&b, group)
	}
	r.writeFailures(&b)
	r.writePictures(&b)
	writeList(&b, "Conditions", r.Conditions)
	r.writeRuns(&b)
	fmt.Fprintf(&b, "\nMade by `%s` at the top of the checkout. `make bench` makes it again.\n", r.Command)
	return b.String()
}

func (r *Results) intro() string {
	held, bounds := r.tally()
	return fmt.Sprintf("%d of %d bounds are held. Figures are medians [least-most] of the rounds. \"The limit\" is the C program in `bench/limit`, "+
		"which does the least that can be done for the same work on this kernel. What is compared ran in turn, in every round, "+
		"each time as a fresh process, and ratios are taken round by round.", held, bounds)
}

// tally counts the rows that have a bound, and those that hold it.
func (r *Results) tally() (held, bounds int) {
	for _, row := range r.Rows {
		if row.Bound.Kind == Unbounded {
			continue
		}
		bounds++
		if row.Held() {
			held++
		}
	}
	return held, bounds
}

// groups are the tables, in the order of their first rows.
func (r *Results) groups() []string {
	var list []string
	for _, row := range r.Rows {
		if !slices.Contains(list, row.Group) {
			list = append(list, row.Group)
		}
	}
	return list
}

// columns are the heads of the page's tables.
var columns = []string{"what", "unit", "Fanfare", "compared with", "ratio", "to hold", "held"}

func (r *Row) cells() []string {
	with := ""
	if len(r.Against) > 0 {
		with = r.With + ": " + spread(r.Against, number)
	}
	return []string{r.Name, r.Unit, spread(r.Ours, number), with, spread(r.ratios(), ratio), r.Bound.text(r.With), r.verdict()}
}

func (r *Results) writeTable(b *strings.Builder, group string) {
	writeCells(b, columns)
	writeCells(b, rule(len(columns)))
	for _, row := range r.Rows {
		if row.Group == group {
			writeCells(b, row.cells())
		}
	}
}

// writeNoShares says under a table which of its rows are no share of the limit,
// and why.
func (r *Results) writeNoShares(b *strings.Builder, group string) {
	var reasons []string
	names, rows := make(map[string][]string), 0
	for _, row := range r.Rows {
		if row.Group != group {
			continue
		}
		rows++
		if row.NoShare == "" {
			continue
		}
		if names[row.NoShare] == nil {
			reasons = append(reasons, row.NoShare)
		}
		names[row.NoShare] = append(names[row.NoShare], row.Name)
	}
	for _, why := range reasons {
		if len(names[why]) == rows {
			fmt.Fprintf(b, "\nNo share of the limit: %s.\n", why)
			continue
		}
		fmt.Fprintf(b, "\nNo share of the limit (%s): %s.\n", strings.Join(names[why], "; "), why)
	}
}

func rule(n int) []string { return slices.Repeat([]string{"---"}, n) }

func writeCells(b *strings.Builder, cells []string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

func (r *Results) writeFailures(b *strings.Builder) {
	var list []string
	for _, row := range r.Rows {
		for _, why := range row.Failed {
			list = append(list, row.Name+": "+oneLine(why))
		}
	}
	if len(list) > 0 {
		writeList(b, "What failed", list)
	}
}

// oneLine keeps an error of several lines in its item.
func oneLine(text string) string {
	const most = 600
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), most)]
}

func (r *Results) writePictures(b *strings.Builder) {
	if len(r.Pictures) == 0 {
		return
	}
	b.WriteString("\n## Pictures\n\nEach is of the round that gave the median.\n")
	for _, p := range r.Pictures {
		fmt.Fprintf(b, "\n%s\n\n![%s](%s)\n", p.Caption, p.Caption, p.File)
	}
}

func writeList(b *strings.Builder, head string, lines []string) {
	fmt.Fprintf(b, "\n## %s\n\n", head)
	for _, line := range lines {
		fmt.Fprintf(b, "- %s\n", line)
	}
}

// writeRuns says how any one figure is made again.
func (r *Results) writeRuns(b *strings.Builder) {
	b.WriteString("\n## What was run\n\nEach with the server's `--pid`, and `--bare` for the limit.\n\n")
	head := []string{"measurement", "rounds", "server", "load"}
	writeCells(b, head)
	writeCells(b, rule(len(head)))
	for _, run := range r.Runs {
		writeCells(b, []string{run.ID + ": " + run.Program, fmt.Sprint(run.Rounds), "`" + run.Server + "`", "`" + run.Scenario + "`"})
	}
}
