package results

import (
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes the rows for a terminal.
func (r *Results) WriteText(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	lines := []string{strings.Join(columns, "\t")}
	for _, row := range r.Rows {
		lines = append(lines, strings.Join(row.cells(), "\t"))
	}
	if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
		return err
	}
	return w.Flush()
}
