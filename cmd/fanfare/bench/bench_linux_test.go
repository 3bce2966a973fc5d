package bench

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/report"
	"fanfare/bench/scenario"
	"fanfare/cmd/fanfare/client"
	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/node"
)

// runBenchLine runs one command line in this process.
func runBenchLine(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := command.Process{Commands: []*command.Command{Command()}, Program: "fanfare", Version: "devel", Commit: "unknown", Env: env, Stdout: &out, Stderr: &errs}
	code = c.Run(t.Context(), args)
	return code, out.String(), errs.String()
}

// startTarget runs a node and names it as FANFARE_URL.
func startTarget(t *testing.T) []string {
	t.Helper()
	l, err := config.Load(config.Sources{Flags: map[string]string{"port": "0", "metrics-port": "0", "loops": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	l.Apps[0].Limit.ClientEventsPerSecond = 0
	m := &node.Main{Config: l.Config, Log: slog.New(slog.DiscardHandler)}
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return []string{"FANFARE_URL=http://127.0.0.1:" + strconv.Itoa(m.Port())}
}

// runBench runs fanfare bench in this process and reads the JSON that it wrote.
func runBench(t *testing.T, env []string, args ...string) *report.Document {
	t.Helper()
	args = append([]string{"bench"}, append(args, "--json=-", "--quiet")...)
	code, stdout, stderr := runBenchLine(t, env, args...)
	if code != command.ExitOK || stderr != "" {
		t.Fatalf("%v: exit code %d, stderr:\n%s", args, code, stderr)
	}
	if strings.Contains(stdout, "app-secret") {
		t.Errorf("%v: the result tells the secret:\n%s", args, stdout)
	}
	d, err := report.Read(strings.NewReader(stdout))
	if err != nil {
		t.Fatalf("%v: %v in\n%s", args, err, stdout)
	}
	return d
}

// What is not wrapped in the help fits a terminal of 80 columns.
func TestBenchHelpWidth(t *testing.T) {
	const most = 80
	cmd := Command()
	for _, c := range append(cmd.Subcommands, cmd) {
		if line := fmt.Sprintf("  %-10s %s", c.Word(), c.Short); len(line) > most {
			t.Errorf("longer than %d columns: %s", most, line)
		}
		for _, e := range c.Examples {
			if line := "  fanfare " + e; len(line) > most {
				t.Errorf("longer than %d columns: %s", most, line)
			}
		}
	}
}

func TestBenchScenarios(t *testing.T) {
	self := "--pid=" + strconv.Itoa(os.Getpid())
	tests := []struct {
		name, unit string
		delivers   bool
		args       []string
	}{
		{"connect", "connections", false, []string{"--connections=50"}},
		{"idle", "connections", false, []string{"--connections=50", "--settle=1ms", "--hold=50ms", "--leave"}},
		{"fanout", "deliveries", true, []string{"--connections=20", "--duration=100ms", "--outstanding=2"}},
		{"market", "deliveries", true, []string{"--connections=20", "--channels=10", "--each=2", "--duration=100ms", "--rate=200"}},
		{"camera", "deliveries", true, []string{"--cameras=2", "--viewers=3", "--duration=200ms"}},
		{"rooms", "deliveries", true, []string{"--rooms=3", "--members=4", "--duration=300ms", "--churn=10", "--away=20ms"}},
		{"notify", "deliveries", true, []string{"--connections=20", "--duration=100ms"}},
		{"slow", "deliveries", true, []string{"--connections=10", "--stalled=1", "--duration=200ms", "--rate=50"}},
		{"api", "events", false, []string{"--connections=2", "--batch=3", "--duration=100ms"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now().Add(-time.Second)
			d := runBench(t, startTarget(t), append([]string{tt.name, self}, tt.args...)...)
			if d.Scenario != tt.name || d.Unit != tt.unit || d.Done == 0 || d.Wall <= 0 || d.LoadCPU <= 0 || d.Error != "" {
				t.Errorf("scenario %q did %d %s in %v (load %v): %s", d.Scenario, d.Done, d.Unit, d.Wall, d.LoadCPU, d.Error)
			}
			if tt.delivers && (d.Messages == nil || !d.Messages.Clean() || d.Messages.Delivered == 0 || d.Latency == nil || len(d.Series) == 0) {
				t.Errorf("messages %+v, latency %+v, series %+v", d.Messages, d.Latency, d.Series)
			}
			if len(d.Servers) != 1 || d.Servers[0].PID != os.Getpid() || d.Servers[0].CPU <= 0 {
				t.Errorf("servers %+v, want this process", d.Servers)
			}
			checkConditions(t, d, begin)
			for _, arg := range tt.args {
				name, value, found := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
				if found && d.Parameters[name] != value {
					t.Errorf("parameter %s is %q, want %q", name, d.Parameters[name], value)
				}
			}
		})
	}
}

// Every parameter of a scenario has a flag of its name, and what the flags
// default to can be run.
func TestBenchParameters(t *testing.T) {
	capital := regexp.MustCompile(`[A-Z][a-z]+`)
	for _, w := range workloads() {
		cmd := w.command()
		for field := range reflect.TypeOf(w.scenario()).Fields() {
			words := capital.FindAllString(field.Name, -1)
			name := strings.ToLower(strings.Join(words, "-"))
			if cmd.Flags.Lookup(name) == nil {
				t.Errorf("%s has no flag --%s for its %s", cmd.Name, name, field.Name)
			}
		}
		if err := w.scenario().Validate(); err != nil {
			t.Errorf("%s with its defaults: %v", cmd.Name, err)
		}
		if w.sockets() <= 0 {
			t.Errorf("%s needs %d sockets", cmd.Name, w.sockets())
		}
	}
}

func checkConditions(t *testing.T, d *report.Document, begin time.Time) {
	t.Helper()
	c := d.Conditions
	if c.Version == "" || c.Go == "" || c.Kernel == "" || c.CPU == "" || c.Cores == 0 || c.NoFile == 0 || len(c.LoadBefore) != 3 || len(c.LoadAfter) != 3 {
		t.Errorf("conditions are not complete: %+v", c)
	}
	if d.Started.Before(begin) || !strings.HasPrefix(d.Target.URL, "ws://127.0.0.1:") || d.Target.AppID != "app-id" {
		t.Errorf("started %v, target %+v", d.Started, d.Target)
	}
}

func TestBenchIdleTellsMemory(t *testing.T) {
	d := runBench(t, startTarget(t), "idle", "--connections=50", "--settle=1ms", "--hold=1ms", "--leave", "--pid="+strconv.Itoa(os.Getpid()))
	if s := d.Servers[0]; s.Before == 0 || s.Held == 0 || s.After == 0 || d.Memory == nil {
		t.Errorf("server %+v, memory %+v: want all of them", s, d.Memory)
	}
}

func TestBenchWritesTableAndFiles(t *testing.T) {
	dir := t.TempDir()
	json, svg := filepath.Join(dir, "r.json"), filepath.Join(dir, "r.svg")
	if err := os.WriteFile(json, bytes.Repeat([]byte("longer than any result\n"), 10_000), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := runBenchLine(t, startTarget(t), "bench", "fanout", "--connections=10", "--duration=100ms", "--json", json, "--svg", svg)
	if code != command.ExitOK {
		t.Fatalf("exit code %d, stderr:\n%s", code, stderr)
	}
	for _, want := range []string{"fanout  ws://127.0.0.1:", "none lost, none twice, all in order", "p99.9", "load generator"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the table lacks %q:\n%s", want, stdout)
		}
	}
	if !strings.Contains(stderr, "measuring") || strings.Contains(stderr, "\x1b") {
		t.Errorf("progress where no terminal is: %q", stderr)
	}
	f, err := os.Open(json)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if d, err := report.Read(f); err != nil || d.Done == 0 {
		t.Errorf("JSON: %v, %+v", err, d)
	}
	picture, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(picture, &struct{}{}); err != nil {
		t.Errorf("SVG: %v", err)
	}
}

func TestBenchFails(t *testing.T) {
	env := startTarget(t)
	dir := t.TempDir()
	json := filepath.Join(dir, "never.json")
	f := func(code int, want string, args ...string) {
		t.Helper()
		args = append([]string{"bench", "fanout", "--connections=2", "--duration=50ms", "--quiet"}, args...)
		got, stdout, stderr := runBenchLine(t, env, args...)
		if got != code || !strings.Contains(stderr, want) || stdout != "" {
			t.Errorf("%v: exit code %d, want %d; stderr %q, want %q; stdout %q", args, got, code, stderr, want, stdout)
		}
	}
	f(command.ExitFail, "401", "--secret=wrong", "--json", json)
	f(command.ExitFail, "4001", "--key=nobody", "--app-id=1", "--secret=x", "--json", json)
	f(command.ExitFail, "refused", "--url=ws://127.0.0.1:1/app/app-key", "--json", json)
	f(command.ExitUsage, "--connections is -1", "--connections=-1")
	f(command.ExitUsage, `--connections="many": want a whole number such as 1000`, "--connections=many")
	f(command.ExitUsage, "2,000,001 connections need 2,000,033 descriptors", "--connections=2000000")
	f(command.ExitUsage, "nobody", "--json="+filepath.Join(dir, "nobody", "x.json"))
	f(command.ExitFail, "refused", "--url=wss://127.0.0.1:1/app/app-key", "--json", json)
	f(command.ExitUsage, "name two apps", "--url=ws://127.0.0.1:1/app/a", "--key=b")
	f(command.ExitUsage, "there is no process 4194305", "--pid=4194305")
	f(command.ExitUsage, `"0" is no process id`, "--pid=1,0")
	f(command.ExitUsage, "write a host and a port", "--bare", "--url=example.com")
	f(command.ExitUsage, "the app's secret", "--app-id=7", "--key=k")
	if _, err := os.Stat(json); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a run that measured nothing left its file: %v", err)
	}
}

func TestBenchUpgradeRefuses(t *testing.T) {
	env := startTarget(t)
	f := func(code int, want string, args ...string) {
		t.Helper()
		args = append([]string{"bench", "upgrade", "--connections=50", "--slow=2", "--pause=50ms", "--quiet"}, args...)
		got, stdout, stderr := runBenchLine(t, env, args...)
		if got != code || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, want %d; stderr %q, want %q; stdout %q", args, got, code, stderr, want, stdout)
		}
	}
	f(command.ExitUsage, "processes take turns", "--pid="+strconv.Itoa(os.Getpid()))
	f(command.ExitUsage, "--pause is -1s", "--pause=-1s")
	f(command.ExitFail, "no server listens on /nowhere/control.sock", "--socket=/nowhere/control.sock")
}

func TestBenchEndsWithItsContext(t *testing.T) {
	env := startTarget(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout bytes.Buffer
	stop := writerFunc(func(b []byte) (int, error) {
		if bytes.Contains(b, []byte("measuring")) {
			cancel()
		}
		return len(b), nil
	})
	c := command.Process{Commands: []*command.Command{Command()}, Env: env, Stdout: &stdout, Stderr: stop}
	code := c.Run(ctx, []string{"bench", "fanout", "--connections=5", "--duration=1h", "--json=-"})
	if code != command.ExitInterrupted {
		t.Fatalf("exit code %d, want %d", code, command.ExitInterrupted)
	}
	if stdout.Len() == 0 {
		return // it was stopped before anything was measured
	}
	if d, err := report.Read(&stdout); err != nil || !d.Interrupted {
		t.Errorf("the result of a run that was stopped: %v, %+v", err, d)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestBenchVerdict(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	clean, lossy := &report.Messages{Delivered: 2}, &report.Messages{Delivered: 1, Lost: 1}
	refused := errors.New("refused")
	f := func(ctx context.Context, m *report.Messages, err error, want string, interrupted bool) {
		t.Helper()
		doc := &report.Document{Messages: m}
		got := ""
		if err := verdict(ctx, doc, err); err != nil {
			got = err.Error()
		}
		if got != want || doc.Interrupted != interrupted || (doc.Error != "") != (want != "" && !interrupted) {
			t.Errorf("verdict %q, document %+v; want %q, interrupted %t", got, doc, want, interrupted)
		}
	}
	f(t.Context(), clean, nil, "", false)
	f(t.Context(), nil, nil, "", false)
	f(t.Context(), lossy, nil, "messages went astray", false)
	f(t.Context(), lossy, refused, "refused", false)
	f(stopped, clean, context.Canceled, "stopped", true)
	f(stopped, clean, nil, "", false)
}

func TestBenchProgress(t *testing.T) {
	now := time.Unix(0, 0)
	var out strings.Builder
	p := &benchProgress{to: &out, now: func() time.Time { return now }}
	step := func(after time.Duration, s scenario.Progress) {
		now = now.Add(after)
		p.show(s)
	}
	step(0, scenario.Progress{Phase: scenario.Connecting, Ready: 10, Wanted: 1000})
	step(time.Second, scenario.Progress{Phase: scenario.Connecting, Ready: 900, Wanted: 1000})
	step(4*time.Second, scenario.Progress{Phase: scenario.Connecting, Ready: 1000, Wanted: 1000})
	step(time.Second, scenario.Progress{
		Phase: scenario.Measuring, Ready: 1000, Wanted: 1000, Done: 5, Rate: 1_234_567, P99: 8430 * time.Microsecond, Note: "at 437 ticks a second",
		Elapsed: 3 * time.Second, Planned: 10 * time.Second,
	})
	p.end()
	want := "connecting    10 of 1,000 connections\n" +
		"connecting    1,000 of 1,000 connections\n" +
		"measuring     1,000 of 1,000 connections  1.23 M/s  p99 8.43 ms  7 s left  at 437 ticks a second\n"
	if diff := cmp.Diff(want, out.String()); diff != "" || p.most != 1000 {
		t.Errorf("most %d, progress (-want +got):\n%s", p.most, diff)
	}
}

func TestBenchProgressOnATerminal(t *testing.T) {
	var out strings.Builder
	p := &benchProgress{to: &out, terminal: true, now: time.Now}
	p.show(scenario.Progress{Phase: scenario.Connecting, Ready: 1, Wanted: 2})
	p.show(scenario.Progress{Phase: scenario.Connecting, Ready: 2, Wanted: 2})
	p.end()
	want := "\r\x1b[Kconnecting    1 of 2 connections\r\x1b[Kconnecting    2 of 2 connections\r\x1b[K"
	if got := out.String(); got != want {
		t.Errorf("progress %q, want %q", got, want)
	}
}

func TestBenchFilesKeepWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old.json"), filepath.Join(dir, "fresh.svg")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := &benching{json: old, svg: fresh}
	files, err := b.openFiles()
	if err != nil {
		t.Fatal(err)
	}
	if err := files.discard(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(old); err != nil || string(text) != "old" {
		t.Errorf("the old file has %q, %v", text, err)
	}
	if _, err := os.Stat(fresh); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the fresh file stayed: %v", err)
	}
}

func TestBenchTarget(t *testing.T) {
	f := func(b benching, want string) {
		t.Helper()
		got, err := b.loadTarget(nil)
		text := ""
		if err != nil {
			text = err.Error()
		} else {
			text = strings.TrimSpace(got.Addr.String() + " " + got.told.URL + " " + got.told.AppID)
		}
		if text != want {
			t.Errorf("target of %+v:\n got %s\nwant %s", b.TargetFlags, text, want)
		}
	}
	url := func(u string) benching { return benching{TargetFlags: client.TargetFlags{URL: u}} }
	f(benching{}, "127.0.0.1:6001 ws://127.0.0.1:6001/app/app-key app-id")
	f(url("ws://127.0.0.1:7000/app/app-key"), "127.0.0.1:7000 ws://127.0.0.1:7000/app/app-key app-id")
	f(url("ws://127.0.0.1:7000/app/app-key?protocol=7"), "127.0.0.1:7000 ws://127.0.0.1:7000/app/app-key app-id")
	f(url("localhost:7000"), "127.0.0.1:7000 ws://localhost:7000/app/app-key app-id")
	f(benching{TargetFlags: client.TargetFlags{URL: "ws://[::1]:7000/app/k", AppID: "9", Secret: "s"}}, "[::1]:7000 ws://[::1]:7000/app/k 9")
	f(benching{bare: true, TargetFlags: client.TargetFlags{URL: "127.0.0.1:7000"}}, "127.0.0.1:7000 ws://127.0.0.1:7000/")
}

func TestBenchProcesses(t *testing.T) {
	var p processes
	self := strconv.Itoa(os.Getpid())
	for _, text := range []string{self, self + ", " + self} {
		if err := p.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	if want := self + "," + self + "," + self; p.String() != want {
		t.Errorf("processes %s, want %s", p.String(), want)
	}
}
