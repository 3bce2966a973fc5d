//go:build unix

package operator

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/control"
)

// lookEvery is how often the server is asked how far it is.
const lookEvery = 250 * time.Millisecond

// run implements fanfare drain.
func (d *draining) run(ctx context.Context, c *command.Process, _ []string) error {
	client, s, err := d.find(ctx, c.Env)
	if err != nil {
		return err
	}
	defer client.Close()
	before := s.Connections
	s, began, err := client.Drain(ctx, d.query())
	if err != nil {
		return err
	}
	if !began {
		_, _ = fmt.Fprintln(c.Stderr, "fanfare: a drain is under way already; its times stay as they are")
	}
	if d.noWait {
		_, err = fmt.Fprintf(c.Stdout, "process %d drains, with %s\n", s.PID, connections(s.Connections))
		return err
	}
	start := time.Now()
	if err := await(ctx, client, newProgress(c, before), s.PID); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "process %d is gone after %.1f s; it had %s\n", s.PID, time.Since(start).Seconds(), connections(before))
	return err
}

func (d *draining) query() url.Values {
	q := url.Values{}
	for name, text := range map[string]string{"delay": d.delay, "time": d.time} {
		if text != "" {
			q.Set(name, text)
		}
	}
	return q
}

// await returns when the server is gone.
func await(ctx context.Context, client *control.Client, p *progress, pid int) error {
	defer p.end()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		s, err := statusOf(ctx, client)
		if err != nil && ctx.Err() == nil {
			return awaitExit(ctx, pid, look.C, err)
		}
		p.show(s)
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: the server goes on with its drain", command.ErrInterrupted)
		}
	}
}

// awaitExit waits for the end of a process that does not answer any more. The
// socket closes just before the end.
func awaitExit(ctx context.Context, pid int, look <-chan time.Time, why error) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if pid <= 0 || gone(pid) {
			return nil
		}
		select {
		case <-look:
		case <-ctx.Done():
			return command.ErrInterrupted
		}
	}
	return fmt.Errorf("process %d does not answer any more (%w), but is still there", pid, why)
}

// gone tells whether a process has ended, be it that nobody has asked yet how: where
// an upgrade made it a child of process 1, that one may be slow.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(stat), ") ")
	return err == nil && strings.HasPrefix(after, "Z")
}
