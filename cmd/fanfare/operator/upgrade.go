//go:build unix

package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fanfare/bench/report"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/term"
)

// glance is how often a server that is upgraded is asked how far it is: all of it takes
// a fraction of a second.
const glance = 20 * time.Millisecond

// run implements fanfare upgrade.
func (u *upgrading) run(ctx context.Context, c *command.Process, _ []string) error {
	ask, err := u.request()
	if err != nil {
		return err
	}
	client, s, err := u.find(ctx, c.Env)
	if err != nil {
		return err
	}
	defer client.Close()
	if s, err = client.Upgrade(ctx, ask); err != nil {
		return err
	}
	result, err := awaitUpgrade(ctx, client.Path, newProgress(c, s.Connections), s.PID)
	if err != nil {
		return err
	}
	return u.tell(c, result)
}

// request names the program from the root: the server may be at home in another folder.
func (u *upgrading) request() (ask control.UpgradeRequest, err error) {
	ask.Check = u.check
	if u.binary == "" {
		return ask, nil
	}
	if ask.Binary, err = filepath.Abs(u.binary); err != nil {
		return ask, err
	}
	switch info, err := os.Stat(ask.Binary); {
	case err != nil:
		return ask, command.Usagef("--binary: %w", err)
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return ask, command.Usagef("--binary: %s is no program: it has to be an executable file", ask.Binary)
	}
	return ask, nil
}

// silence is how long nobody may have anything to say about an upgrade. The old process
// may be busy, or have left its place to one that does not listen yet.
const silence = 4 * patience

// awaitUpgrade returns when another process serves, or when it is known that none will.
// Who answers at the path may be either of them.
func awaitUpgrade(ctx context.Context, path string, p *progress, pid int) (*control.Upgrade, error) {
	defer p.end()
	client := control.Dial(path)
	defer func() { client.Close() }()
	look := time.NewTicker(glance)
	defer look.Stop()
	for heard := time.Now(); time.Since(heard) < silence; {
		s, err := statusOf(ctx, client)
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("%w: the server goes on with its upgrade", command.ErrInterrupted)
		case err != nil:
			client.Close()
			client = control.Dial(path)
		case s.PID == pid && s.Upgrade == nil:
			return nil, errors.New("the server says nothing about its upgrade; its log may")
		case s.PID == pid && s.Upgrade.Step == control.CalledOff:
			return nil, notUpgraded(s.Upgrade)
		case s.PID == pid && s.Upgrade.Step == control.Checked, tookOver(&s, pid):
			return s.Upgrade, nil
		case s.PID == pid:
			heard = time.Now()
			p.showUpgrade(s.Upgrade)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
	return nil, fmt.Errorf("process %d does not answer any more, and no successor of it at %s: the log says what has become of it", pid, path)
}

// tookOver tells whether this is the process that has taken another's place.
func tookOver(s *control.Status, pid int) bool {
	return s.Upgrade != nil && s.Upgrade.Step == control.TakenOver && s.Upgrade.FromPID == pid
}

func notUpgraded(u *control.Upgrade) error {
	what := "the upgrade was called off, and nobody has noticed"
	if u.Check {
		what = "an upgrade would be called off"
	}
	return fmt.Errorf("%s: %s", what, term.Printable(u.Reason))
}

// tell says what it came to.
func (u *upgrading) tell(c *command.Process, r *control.Upgrade) error {
	if u.json {
		enc := json.NewEncoder(c.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(r.Upgraded)
	}
	from, to := term.Printable(r.FromVersion), term.Printable(r.ToVersion)
	if r.Check {
		_, err := fmt.Fprintf(c.Stdout, "%s could take over from process %d (%s): nothing was changed\n", to, r.FromPID, from)
		return err
	}
	_, err := fmt.Fprintf(c.Stdout, "process %d (%s) has taken over from process %d (%s)\n%s, in %s; frozen for %s, with %s of state\n",
		r.ToPID, to, r.FromPID, from, moved(r), span(r.Took), span(r.Frozen), report.Bytes(float64(r.StateBytes)))
	return err
}

func moved(r *control.Upgrade) string {
	if r.Cut == 0 {
		return connections(uint64(r.Connections)) + " moved, none was cut"
	}
	return fmt.Sprintf("%s moved, %s cut: the log has the reasons", connections(uint64(r.Connections)), report.Whole(uint64(r.Cut)))
}

// span is seconds in words.
func span(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}
