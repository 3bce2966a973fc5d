//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"fanfare/bench/report"
)

// page is the result with its conditions.
type page struct {
	findings
	idle, fanout *report.Document // what the benchmarks say
	started      time.Time
	took         time.Duration
	conditions   []string
}

func (p *page) condition(format string, args ...any) {
	p.conditions = append(p.conditions, fmt.Sprintf(format, args...))
}

// describeHost tells what the result must not be quoted without.
func (p *page) describeHost(ctx context.Context) {
	here := report.Gather("", commit(ctx), 0)
	p.condition("Machine: %d x %s, %s of memory, Linux %s; load average before: %v.", here.Cores, here.CPU,
		report.Bytes(float64(here.Memory)), here.Kernel, here.LoadBefore)
	p.condition("%s, commit %s.", runtime.Version(), here.Commit)
}

func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(out))
}

// describeTrial tells what the numbers mean.
func (p *page) describeTrial() {
	t := p.Trial
	p.condition("Server: one process, `limits = \"pusher\"`, `activity_timeout` %d, `pong_timeout` %d. Load: `fanfare bench idle` and then "+
		"`fanfare bench fanout`, %d connections in flight while they are opened, on the server's machine.",
		t.Activity/time.Second, t.Pong/time.Second, t.InFlight)
	p.condition("The server's memory is Rss of its smaps_rollup, read when the last connection had subscribed, less that without " +
		"connections; the kernel's is the growth of Slab in /proc/meminfo, which holds sockets, files, epoll items and buffers of both ends.")
	p.condition("The whole took %v.", p.took.Round(time.Second))
}

// readBenchmarks reads the results that the benchmarks have left in dir.
func (p *page) readBenchmarks(dir string) (err error) {
	if p.idle, err = readDocument(filepath.Join(dir, "idle.json")); err != nil {
		return err
	}
	p.fanout, err = readDocument(filepath.Join(dir, "fanout.json"))
	return err
}

func readDocument(file string) (*report.Document, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return report.Read(bytes.NewReader(b))
}

// save writes the page, and all numbers as JSON beside it.
func (p *page) save(folder string, out io.Writer) error {
	name := filepath.Join(folder, "million-"+p.started.Format(time.DateOnly))
	if err := os.WriteFile(name+".md", []byte(p.markdown()), 0o644); err != nil { //nolint:gosec // everybody may read it
		return err
	}
	numbers := struct {
		Findings findings         `json:"findings"`
		Idle     *report.Document `json:"idle"`
		Fanout   *report.Document `json:"fanout"`
	}{p.findings, p.idle, p.fanout}
	if err := writeJSON(name+".json", numbers); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "written: %s.md and .json\n", name)
	return err
}

func writeJSON(file string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644) //nolint:gosec // everybody may read it
}

func (p *page) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s connections, measured on %s\n\n", report.Whole(uint64(p.Trial.Connections)), p.started.Format(time.DateOnly))
	b.WriteString("One server process holds them all, each subscribed to one shared public channel.\n\n| what | |\n| --- | --- |\n")
	for _, r := range p.rows() {
		fmt.Fprintf(&b, "| %s | %s |\n", r[0], r[1])
	}
	b.WriteString("\n## Conditions\n\n")
	for _, line := range p.conditions {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	b.WriteString("\nMake it again with `make million`.\n")
	return b.String()
}
