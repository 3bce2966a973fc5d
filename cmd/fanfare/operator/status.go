//go:build unix

package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"fanfare/bench/report"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/term"
)

// run implements fanfare status.
func (s *asking) run(ctx context.Context, c *command.Process, _ []string) error {
	client, status, err := s.find(ctx, c.Env)
	if err != nil {
		return err
	}
	defer client.Close()
	if s.json {
		enc := json.NewEncoder(c.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(status)
	}
	table := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows(status, client.Path) {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", row[0], term.Printable(row[1])) // Flush has the error
	}
	return table.Flush()
}

func rows(s control.Status, path string) [][2]string {
	phase := s.Phase
	if d := s.Drain; d != nil {
		phase += fmt.Sprintf(" (%s, at most %d s)", d.Step, int(d.Left))
	}
	list := [][2]string{
		{"phase", phase},
		{"connections", fmt.Sprintf("%s of %s at most", report.Whole(s.Connections), report.Whole(uint64(s.MaxConnections)))},
		{"uptime", (time.Duration(s.Uptime) * time.Second).String()},
		{"addresses", strings.Join(s.Addresses, ", ")},
	}
	if len(s.Metrics) > 0 {
		list = append(list, [2]string{"metrics", strings.Join(s.Metrics, ", ")})
	}
	if s.Upgrade != nil {
		list = append(list, [2]string{"last upgrade", aboutUpgrade(s.Upgrade)})
	}
	return append(list,
		[2]string{"loops", fmt.Sprint(s.Loops)},
		[2]string{"log level", s.LogLevel},
		[2]string{"version", s.Version},
		[2]string{"process", fmt.Sprint(s.PID)},
		[2]string{"socket", path})
}

func aboutUpgrade(u *control.Upgrade) string {
	switch u.Step {
	case control.TakenOver:
		return fmt.Sprintf("taken over from process %d (%s): %s, frozen for %s", u.FromPID, u.FromVersion, moved(u), span(u.Frozen))
	case control.CalledOff:
		return "called off: " + u.Reason
	case control.Checked:
		return fmt.Sprintf("only tried: %s could take over", u.ToVersion)
	}
	return fmt.Sprintf("%s: %s of %s moved", u.Step, report.Whole(uint64(u.Moved)), connections(u.Of))
}

func (w *where) reload(ctx context.Context, c *command.Process) error {
	client, s, err := w.find(ctx, c.Env)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Reload(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "process %d reads its configuration again; its log says what came of it\n", s.PID)
	return err
}

func (w *where) setLogLevel(ctx context.Context, c *command.Process, level string) error {
	client, s, err := w.find(ctx, c.Env)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.SetLogLevel(ctx, level); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "process %d logs from %s on\n", s.PID, level)
	return err
}
