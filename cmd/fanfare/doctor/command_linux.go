package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/doctor/machine"
	"fanfare/cmd/fanfare/term"
)

// service is the unit whose drop-in --fix writes when --unit names no other.
const service = "fanfare.service"

func (o *options) run(ctx context.Context, c *command.Process, _ []string) error {
	if err := o.check(); err != nil {
		return err
	}
	l, err := config.Load(config.Sources{Env: c.Env, File: o.config})
	if err != nil {
		return err
	}
	m, err := o.examine(ctx)
	if err != nil {
		return err
	}
	r, err := o.report(m, l)
	if err != nil {
		return err
	}
	return o.answer(c, r)
}

// report judges for the number of connections that was given, or that the
// configuration or the descriptor limit has.
func (o *options) report(m *machine.Machine, l *config.Loaded) (*Report, error) {
	n, origin := needOf(&l.Config, m), "--connections"
	n.TLS = n.TLS || o.tls
	switch open := m.Process.Open; {
	case o.connections > 0:
		n.Connections = o.connections
	case l.Server.MaxConnections > 0:
		n.Connections, origin = int64(l.Server.MaxConnections), "server.max_connections"
	case !open.OK():
		return nil, fmt.Errorf("the descriptor limit is not readable, so say for how many connections (--connections N): %w", open.Err)
	default:
		n.Connections, origin = min(max(open.Value.Hard-n.Spare, 1), mostConnections), "what the descriptor limit allows"
	}
	return newReport(m, n, origin), nil
}

// answer prints what was asked for. What is low or bad is an error, of which
// scripts see the exit code; files to write are none.
func (o *options) answer(c *command.Process, r *Report) error {
	switch {
	case o.fix.given && o.fix.root != "":
		return writeFiles(c.Stdout, o.fix.root, r.files(unitName(o.unit)))
	case o.fix.given:
		return printFiles(c.Stdout, r.files(unitName(o.unit)))
	case o.json:
		e := json.NewEncoder(c.Stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(r); err != nil {
			return err
		}
	default:
		if err := r.write(c.Stdout, term.StyleOf(c.Stdout, c.Getenv), o.why); err != nil {
			return err
		}
	}
	if failed := r.failed(); failed != nil {
		return fmt.Errorf("not enough for %s connections: %s", number(r.Need.Connections), strings.Join(failed, ", "))
	}
	return nil
}

// unitName is the full name of a service.
func unitName(name string) string {
	if name = cmp.Or(name, service); strings.Contains(name, ".") {
		return name
	}
	return name + ".service"
}

// examine reads this machine, with the limits of the process or unit that counts.
func (o *options) examine(ctx context.Context) (*machine.Machine, error) {
	root := os.DirFS("/")
	if o.unit == "" {
		m := machine.Read(root, cmp.Or(o.pid, "self"), probe())
		if _, err := os.Stat("/proc/" + o.pid); o.pid != "" && errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no process %s", o.pid)
		}
		return m, nil
	}
	u, err := showUnit(ctx, unitName(o.unit))
	if err != nil {
		return nil, err
	}
	if u.PID > 0 {
		return machine.Read(root, fmt.Sprint(u.PID), probe()), nil
	}
	m := machine.Read(root, "self", probe())
	m.Assume(u)
	return m, nil
}

// showUnit asks systemd for a unit.
func showUnit(ctx context.Context, name string) (machine.Unit, error) {
	if strings.HasPrefix(name, "-") || strings.ContainsAny(name, "/ \t\n") {
		return machine.Unit{}, command.Usagef("--unit %q is no name of a service", name)
	}
	out, err := exec.CommandContext(ctx, "systemctl", "show", "--property="+strings.Join(machine.UnitProperties, ","), "--", name).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		line, _, _ := strings.Cut(string(exit.Stderr), "\n")
		return machine.Unit{}, fmt.Errorf("systemctl knows nothing of %s: %s (--pid PID of the server does without systemd)", name, term.Printable(line))
	}
	if err != nil {
		return machine.Unit{}, fmt.Errorf("cannot ask systemd for %s: %w", name, err)
	}
	u, err := machine.ParseUnit(string(out))
	if err != nil {
		return u, fmt.Errorf("cannot judge for %s: %w", name, err)
	}
	return u, nil
}
