//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"fanfare/bench/report"
	"fanfare/bench/scenario"
)

// page is the result with what it must not be quoted without.
type page struct {
	doc        *report.Document
	claims     []claim
	most       int // connections that stood at once
	started    time.Time
	conditions report.Conditions
	parameters map[string]string
	by         string // TLS, if that is how all came
	flags      string // that make this page again
}

func newPage(o *options) *page {
	by, flags := "", fmt.Sprint("-connections ", o.Connections)
	if o.tls {
		by, flags = ", by TLS", flags+" -tls"
	}
	return &page{
		by:         by,
		flags:      flags,
		started:    time.Now().UTC().Truncate(time.Second),
		conditions: report.Gather(version(), commit(), 0),
		parameters: map[string]string{
			"connections": strconv.Itoa(o.Connections), "rate": fmt.Sprint(o.Rate), "churn": fmt.Sprint(o.Churn), "away": o.Away.String(),
			"slow": strconv.Itoa(o.Slow), "slow-bytes": strconv.Itoa(o.SlowBytes), "upgrades": strconv.Itoa(o.Upgrades),
			"pause": o.Pause.String(), "seed": strconv.FormatUint(o.Seed, 10),
		},
	}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(out))
}

// take takes the scenario's result.
func (p *page) take(r *scenario.Result) {
	p.conditions.Connections, p.conditions.LoadAfter = p.most, report.LoadAverage()
	p.doc = report.New(r, p.most)
	p.doc.Started, p.doc.Conditions, p.doc.Parameters = p.started, p.conditions, p.parameters
	p.doc.Target.URL = "fanfare with webhooks" + p.by
}

// figure is one of the result's; 0 when it is not there.
func (p *page) figure(name string) float64 {
	for _, f := range p.doc.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return 0
}

// tell writes the result for a terminal and into files, and fails when a claim does.
func (p *page) tell(o *options, out io.Writer) error {
	err := p.doc.WriteTable(out, report.Paint{})
	_, _ = fmt.Fprintln(out) // whoever does not listen misses it
	failed := 0
	for _, c := range p.claims {
		_, _ = fmt.Fprintf(out, "%-8s%s: %s\n", c.verdict(), c.name, c.detail) // whoever does not listen misses it
		if !c.held {
			failed++
		}
	}
	if o.results != "" {
		err = errors.Join(err, p.save(filepath.Join(o.results, p.file(o))))
	}
	if failed > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d claims do not hold", failed, len(p.claims)))
	}
	return err
}

// file is the name of the page. Other numbers of connections have pages of their own.
func (p *page) file(o *options) string {
	name := "upgrade-" + p.started.Format(time.DateOnly)
	if o.Connections != usualConnections {
		name += "-" + strconv.Itoa(o.Connections)
	}
	if o.tls {
		name += "-tls"
	}
	return name
}

// save writes the page and its picture.
func (p *page) save(name string) error {
	var picture bytes.Buffer
	if err := report.WritePicture(&picture, report.Named{Name: "Fanfare", Document: p.doc}); err != nil {
		return err
	}
	for ext, text := range map[string][]byte{".md": []byte(p.markdown(filepath.Base(name) + ".svg")), ".svg": picture.Bytes()} {
		if err := os.WriteFile(name+ext, text, 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	return nil
}

func (p *page) markdown(picture string) string {
	var b strings.Builder
	d, c := p.doc, p.conditions
	fmt.Fprintf(&b, "# %d upgrades under load\n\nWhat `make upgrades` found on %s: a server with %s connections is replaced by a new process %d times, "+
		"while it delivers %s messages a second%s. `go doc ./bench/upgrades` and `go doc ./bench/scenario/upgrade` tell who does what.\n\n",
		len(d.Upgrades), p.started.Format(time.DateOnly), report.Whole(uint64(p.most)), len(d.Upgrades), report.Whole(uint64(d.PerSecond)), p.by)
	fmt.Fprintf(&b, "![Latency over time, with the upgrades](%s)\n\n## Upgrades\n\n", picture)
	b.WriteString("| | connections | state | took | frozen | worst latency | longest silence |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	fmt.Fprintf(&b, "| before the first | | | | | %s | %s |\n", p.milliseconds(worst), p.milliseconds(silence))
	for i, u := range d.Upgrades {
		fmt.Fprintf(&b, "| upgrade %d | %s | %s | %s | %s | %s | %s |\n", i+1, report.Whole(uint64(u.Connections)), report.Bytes(float64(u.State)),
			report.Duration(u.Took), report.Duration(u.Frozen), report.Duration(u.Worst), report.Duration(u.Silence))
	}
	b.WriteString("\nLatency is from when a message was due to be published, to each delivery, until the next upgrade. Silence is the longest time " +
		"between two messages of any of the clients that get one every 20 ms, so that it has these 20 ms in it.\n\n" +
		"## Claims\n\n| what | | figures |\n| --- | --- | --- |\n")
	for _, c := range p.claims {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.name, c.verdict(), strings.NewReplacer("|", "\\|", "\n", " ").Replace(c.detail))
	}
	fmt.Fprintf(&b, "\n## Conditions\n\n- Machine: %d x %s, %s of memory, Linux %s; load average before: %v. Server, its successor and the load share it.\n",
		c.Cores, c.CPU, report.Bytes(float64(c.Memory)), c.Kernel, c.LoadBefore)
	fmt.Fprintf(&b, "- %s, commit %s.\n- The load generator took %.0f %% of a core.\n", c.Go, c.Commit, 100*d.Busy())
	b.WriteString("\n```\n")
	_ = d.WriteTable(&b, report.Paint{}) // into memory
	fmt.Fprintf(&b, "```\n\nMake it again with `make upgrades ARGS=\"%s\"`.\n", p.flags)
	return b.String()
}

func (p *page) milliseconds(figure string) string {
	return report.Duration(time.Duration(p.figure(figure) * float64(time.Millisecond)))
}
