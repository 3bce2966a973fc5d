package doctor

import (
	"fmt"
	"strconv"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
)

// options is one run of the command.
type options struct {
	connections int64 // 0: what the configuration says
	tls         bool
	config      string
	unit, pid   string
	why, json   bool
	fix         fixFlag
}

// Command is fanfare doctor.
func Command() *command.Command {
	o := &options{}
	fs := command.NewFlags("doctor")
	fs.Func("connections", "`N` connections that it is to carry (default: server.max_connections, else what the descriptor limit allows)", o.setConnections)
	fs.BoolVar(&o.tls, "tls", false, "judge for connections over TLS, which take more memory, also where tls.enabled is false")
	fs.StringVar(&o.config, "config", "", config.FileFlagDoc)
	fs.StringVar(&o.unit, "unit", "", "`NAME` of a service of systemd whose limits count, instead of this shell's; it need not run")
	fs.StringVar(&o.pid, "pid", "", "`PID` of a running server whose limits count")
	fs.BoolVar(&o.why, "why", false, "explain every line, not only those that are not in order")
	fs.BoolVar(&o.json, "json", false, "print everything as JSON")
	fs.BoolFunc("fix", "print the files of sysctl.d, limits.d and systemd that make the machine fit; --fix=DIR writes them below `DIR`, and --fix=/ in place", o.fix.set)
	return &command.Command{
		Name: "doctor", Short: "tell how many connections this machine carries",
		Long: "Reads the limits and settings of this machine, judges each for the number of connections that it is to carry, counts the memory, " +
			"and names the limit that is hit first. Nothing is changed, but by --fix=DIR.\n\n" +
			"The verdicts: bad, the connections do not fit; low, they do, but under load something is dropped or put off; note, it costs something; " +
			"unread, it could not be read. Exit code 0 means that nothing is low or bad, 1 that something is, 2 wrong flags or configuration.",
		Examples: []string{
			"doctor",
			"doctor --connections 1000000 --tls",
			"doctor --unit fanfare.service",
			"doctor --connections 1000000 --fix",
		},
		Flags: fs,
		Groups: []command.Group{
			{Title: "For what", Names: []string{"connections", "tls", "config", "unit", "pid"}},
			{Title: "Output", Names: []string{"fix", "why", "json"}},
		},
		Run: o.run,
	}
}

// mostConnections is what the server itself can number.
const mostConnections = 100_000_000

func (o *options) setConnections(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > mostConnections {
		return fmt.Errorf("want a number of connections from 1 to %d", mostConnections)
	}
	o.connections = n
	return nil
}

// check refuses flags that contradict each other.
func (o *options) check() error {
	switch {
	case o.unit != "" && o.pid != "":
		return command.Usagef("--unit and --pid both say whose limits count: give one of them")
	case o.fix.given && o.json:
		return command.Usagef("--fix prints files and --json the report: give one of them")
	}
	if _, err := strconv.ParseUint(o.pid, 10, 32); o.pid != "" && err != nil {
		return command.Usagef("--pid %q is no process id", o.pid)
	}
	return nil
}
