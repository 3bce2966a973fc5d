package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/report"
	"fanfare/bench/scenario"
	"fanfare/cmd/fanfare/client"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/term"
)

// benching is one run of one scenario.
type benching struct {
	client.TargetFlags

	bare      bool
	insecure  bool
	processes processes
	json, svg string
	quiet     bool
	patience  time.Duration
	workload  workload
}

// workload is a scenario with its flags.
type workload struct {
	short, long string
	examples    []string
	register    func(p *parameters)
	scenario    func() scenario.Scenario // with the parameters that the flags gave
	sockets     func() int               // that it opens
	undrawn     bool                     // it has neither latency nor throughput

	// upgrade has a new process take the place of the server on a port; nil
	// where that is not what the scenario is about.
	upgrade func(ctx context.Context, env []string, port string) (scenario.Handed, error)
}

// command makes the subcommand that runs w.
func (w workload) command() *command.Command {
	b := &benching{workload: w}
	name := w.scenario().Name()
	fs := command.NewFlags(name)
	own := &parameters{flags: fs}
	w.register(own)
	b.Register(fs)
	fs.BoolVar(&b.bare, "bare", false, "speak to the program in bench/limit at the host and port of --url; it knows no apps or channels")
	fs.BoolVar(&b.insecure, "insecure", false, "take any certificate from a server that speaks TLS (wss://)")
	fs.Var(&b.processes, "pid", "`PID` of the server, to measure its CPU time and memory; several with commas, or the flag several times")
	fs.StringVar(&b.json, "json", "", "`FILE` for the result in JSON; - is standard output, in place of the table")
	fs.StringVar(&b.svg, "svg", "", "`FILE` for pictures: latency by percentile and over time, and throughput")
	fs.BoolVar(&b.quiet, "quiet", false, "show no progress")
	fs.DurationVar(&b.patience, "patience", 5*time.Second, "`TIME` in which nothing may come that is still owed, until the run is given up")
	server := command.Group{Title: "Server", Names: slices.Concat(w.places(), []string{"pid", "bare", "insecure", "patience"}, client.TargetGroup.Names)}
	return &command.Command{
		Name:     "bench " + name,
		Short:    w.short,
		Long:     w.long,
		Examples: w.examples,
		Flags:    fs,
		Groups:   []command.Group{{Title: "Scenario", Names: own.names}, {Title: "Output", Names: []string{"json", "svg", "quiet"}}, server},
		Run: func(ctx context.Context, c *command.Process, _ []string) error {
			return b.run(ctx, c, own.values())
		},
	}
}

// places are the flags of its own that say where the server is.
func (w workload) places() []string {
	if w.upgrade != nil {
		return []string{"socket"}
	}
	return nil
}

func (b *benching) run(ctx context.Context, c *command.Process, parameters map[string]string) error {
	s := b.workload.scenario()
	if err := s.Validate(); err != nil {
		return command.Usagef("%w", err)
	}
	if b.svg != "" && b.workload.undrawn {
		return command.Usagef("--svg=%s: %s has neither latency nor throughput to draw; --json keeps its figures", b.svg, s.Name())
	}
	if len(b.processes) > 0 && b.workload.upgrade != nil {
		return command.Usagef("--pid=%s: the server's processes take turns, so that no one's memory or CPU time means anything", b.processes.String())
	}
	if b.patience <= 0 {
		return command.Usagef("--patience %s: want a time above 0, such as 5s", b.patience)
	}
	to, err := b.loadTarget(c.Env)
	if err != nil {
		return err
	}
	nofile, err := enoughDescriptors(b.workload.sockets())
	if err != nil {
		return err
	}
	files, err := b.openFiles()
	if err != nil {
		return err
	}
	begin := time.Now()
	conditions := report.Gather(c.Version, c.Commit, nofile)
	shown := b.progress(c)
	result, err := s.Run(ctx, b.server(to.Target, c, shown))
	shown.end()
	doc := report.New(&result, shown.most)
	conditions.Connections, conditions.LoadAfter = shown.most, report.LoadAverage()
	doc.Started, doc.Target, doc.Parameters, doc.Conditions = begin.UTC().Truncate(time.Second), to.told, parameters, conditions
	err = verdict(ctx, doc, err)
	return errors.Join(err, b.tell(c, doc, files))
}

func (b *benching) server(to *loadgen.Target, c *command.Process, shown *benchProgress) scenario.Server {
	s := scenario.Server{Target: to, Processes: b.processes, Progress: shown.show, Patience: b.patience}
	if upgrade := b.workload.upgrade; upgrade != nil {
		port := strconv.Itoa(int(to.Addr.Port()))
		s.Upgrade = func(ctx context.Context) (scenario.Handed, error) { return upgrade(ctx, c.Env, port) }
	}
	return s
}

// verdict notes in the document why the run failed, and words it.
func verdict(ctx context.Context, doc *report.Document, err error) error {
	if err == nil && doc.Messages != nil && !doc.Messages.Clean() {
		err = errors.New("messages went astray")
	}
	switch {
	case err != nil && ctx.Err() != nil:
		doc.Stop()
		err = command.ErrInterrupted
	case err != nil:
		doc.Error = err.Error()
	}
	return err
}

// tell writes the result wherever it was asked for. A run that measured
// nothing has none.
func (b *benching) tell(c *command.Process, doc *report.Document, files benchFiles) error {
	if doc.Wall == 0 && (doc.Messages == nil || doc.Messages.Delivered == 0) {
		return files.discard()
	}
	var err error
	if b.json == "-" {
		err = doc.WriteJSON(c.Stdout)
	} else {
		err = doc.WriteTable(c.Stdout, paintOf(term.StyleOf(c.Stdout, c.Getenv)))
	}
	return errors.Join(err, files.write(doc))
}

func paintOf(s term.Style) report.Paint {
	return report.Paint{Bold: s.Bold, Dim: s.Dim, Good: s.Green, Bad: s.Red}
}

// processes is the value of --pid.
type processes []loadgen.Process

// String implements flag.Value.
func (p *processes) String() string {
	var list []string
	for _, pid := range *p {
		list = append(list, strconv.Itoa(int(pid)))
	}
	return strings.Join(list, ",")
}

// Set implements flag.Value.
func (p *processes) Set(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		pid, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || pid <= 0 {
			return fmt.Errorf("%q is no process id: want whole numbers with commas between them", word)
		}
		if _, err := loadgen.Process(pid).CPU(); err != nil {
			return fmt.Errorf("there is no process %d on this machine", pid)
		}
		*p = append(*p, loadgen.Process(pid))
	}
	return nil
}
