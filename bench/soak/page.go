//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"fanfare/bench/report"
	"fanfare/bench/soak/accident"
	"fanfare/bench/soak/crowd"
	"fanfare/bench/soak/inbox"
	"fanfare/bench/soak/press"
)

// page is the result with its conditions.
type page struct {
	*stage
	findings
	truth      truth
	started    time.Time
	took       time.Duration
	conditions []string
}

func (p *page) condition(format string, args ...any) {
	p.conditions = append(p.conditions, fmt.Sprintf(format, args...))
}

// describeHost tells what the result must not be quoted without.
func (p *page) describeHost() {
	here := report.Gather("", commit(), 0)
	p.condition("Machine: %d x %s, %s of memory, Linux %s; load average before: %v.", here.Cores, here.CPU,
		report.Bytes(float64(here.Memory)), here.Kernel, here.LoadBefore)
	p.condition("%s, commit %s.", runtime.Version(), here.Commit)
	if p.note != "" {
		p.condition("%s", p.note)
	}
	if p.linked {
		p.condition("All in a network namespace of its own; the narrow crowd is in another one, behind a veth link whose rate tc-tbf lowers to %d kbit/s.", linkBits*p.connections/1000)
	} else {
		p.condition("All on the loopback: no network namespace was allowed, so that there was no link of a low rate.")
	}
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(out))
}

// show writes the result for a terminal.
func (p *page) show() {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, c := range p.findings {
		_, _ = fmt.Fprintf(w, "%s\t%s\n\t  %s\n", c.Verdict, c.Name, c.Detail) // into memory
	}
	_, _ = fmt.Fprintln(w) // into memory
	for _, row := range p.latencyRows() {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t")) // into memory
	}
	_ = w.Flush()                        // into memory
	_, _ = fmt.Fprint(p.out, b.String()) // whoever does not listen misses it
}

// latencyRows are by group, with a head.
func (p *page) latencyRows() [][]string {
	p.books.mu.Lock()
	defer p.books.mu.Unlock()
	rows := [][]string{{"latency, publish to client", "messages", "p50", "p90", "p99", "p99.9", "max"}}
	for _, name := range slices.Sorted(maps.Keys(p.books.overall)) {
		h := p.books.overall[name]
		row := []string{name, report.Whole(uint64(h.Count()))}
		for _, q := range []float64{50, 90, 99, 99.9, 100} {
			row = append(row, report.Duration(h.At(q)))
		}
		rows = append(rows, row)
	}
	return rows
}

// save writes the page, its picture, and the numbers as JSON beside it.
func (p *page) save() error {
	name := filepath.Join(p.results, "soak-"+p.started.Format(time.DateOnly))
	var picture bytes.Buffer
	if err := p.sheet().WriteSVG(&picture); err != nil {
		return err
	}
	numbers, err := json.MarshalIndent(p.numbers(), "", "  ")
	if err != nil {
		return err
	}
	for ext, text := range map[string][]byte{
		".md": []byte(p.markdown(filepath.Base(name) + ".svg")), ".svg": picture.Bytes(), ".json": append(numbers, '\n'),
	} {
		if err := os.WriteFile(name+ext, text, 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	p.say("written: %s.md, .json and .svg", name)
	return nil
}

// numbers is the result for programs.
func (p *page) numbers() any {
	p.books.mu.Lock()
	defer p.books.mu.Unlock()
	return struct {
		Started     time.Time                          `json:"started_at"`
		Duration    time.Duration                      `json:"duration_ns"`
		Seed        uint64                             `json:"seed"`
		Conditions  []string                           `json:"conditions"`
		Claims      findings                           `json:"claims"`
		Accidents   []accident.Accident                `json:"accidents"`
		Upgrades    []upgrade                          `json:"upgrades"`
		Publishing  press.Stats                        `json:"publishing"`
		Webhooks    inbox.Mail                         `json:"webhooks"`
		Truth       truth                              `json:"truth"`
		Groups      map[string]map[string]crowd.Counts `json:"groups"`
		Readings    []reading                          `json:"readings"`
		EmptyServer reading                            `json:"empty"`
		LeftServer  reading                            `json:"left"`
	}{
		p.started, p.duration, p.seed, p.conditions, p.findings, p.record.All(), p.house.moves(), p.press.Stats(), p.inbox.Mail(), p.truth,
		p.books.counts, p.fewReadings(), p.empty, p.left,
	}
}

func (p *page) markdown(picture string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A soak of %v, measured on %s\n\n", p.duration, p.started.Format(time.DateOnly))
	fmt.Fprintf(&b, "%d clients, and publishers, under mixed load while faults are injected. Package comment of `bench/soak`: who does what, and how it is judged.\n\n", p.cast.members)
	fmt.Fprintf(&b, "![Latency, memory and faults over time](%s)\n\n## Claims\n\n| what | | figures |\n| --- | --- | --- |\n", picture)
	for _, c := range p.findings {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Name, c.Verdict, strings.NewReplacer("|", "\\|", "\n", " ").Replace(c.Detail))
	}
	b.WriteString("\n## Latency\n\n")
	for i, row := range p.latencyRows() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
		}
	}
	b.WriteString("\nIncluded are the times in which a client was behind a fault: stopped clients get what they missed when they go on. " +
		"Whispers, which members send, are counted and not timed.\n")
	p.writeUpgrades(&b)
	p.writeAccidents(&b)
	p.writeCrowds(&b)
	b.WriteString("\n## Conditions\n\n")
	for _, line := range p.conditions {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	fmt.Fprintf(&b, "- The whole took %v.\n\nMake it again with `make soak SOAKTIME=%v ARGS=\"-seed %d\"`.\n", p.took.Round(time.Second), p.duration, p.seed)
	return b.String()
}

// writeUpgrades lists what each came to.
func (p *page) writeUpgrades(b *strings.Builder) {
	b.WriteString("\n## Upgrades\n\n`fanfare upgrade`, with the same program: a process takes the other's place, with all connections. " +
		"\"At\" is since the soak began. Clients hear nothing while the server is frozen; those that had ended when it came to them had left, or their peer was gone.\n\n" +
		"| at | from process to process | connections moved | had ended | state | frozen | took |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n")
	moves := p.house.moves()
	for _, a := range p.record.All() {
		if a.Kind != accident.Upgrade || len(moves) == 0 {
			continue
		}
		u := moves[0]
		moves = moves[1:]
		fmt.Fprintf(b, "| %v | %d to %d | %s | %d | %s | %s | %s |\n", (a.From - p.books.zero).Round(time.Second), u.From, u.To,
			report.Whole(uint64(u.Connections)), u.Cut, report.Bytes(float64(u.State)), span(u.Frozen), span(u.Took))
	}
}

// writeAccidents lists what was injected.
func (p *page) writeAccidents(b *strings.Builder) {
	b.WriteString("\n## Accidents\n\n| fault | times | together | the latest |\n| --- | ---: | ---: | --- |\n")
	type row struct {
		times    int
		together time.Duration
		latest   string
	}
	rows := map[accident.Kind]*row{}
	for _, a := range p.record.All() {
		r := rows[a.Kind]
		if r == nil {
			r = &row{}
			rows[a.Kind] = r
		}
		r.times++
		r.together += a.Until - a.From
		r.latest = a.Detail
	}
	for _, f := range slices.Sorted(maps.Keys(rows)) {
		r := rows[f]
		fmt.Fprintf(b, "| %s | %d | %v | %s |\n", f, r.times, r.together.Round(100*time.Millisecond), r.latest)
	}
}

// writeCrowds lists who took part.
func (p *page) writeCrowds(b *strings.Builder) {
	p.books.mu.Lock()
	defer p.books.mu.Unlock()
	b.WriteString("\n## Clients\n\n| group | members | subscribed | delivered | connections that ended | lacks, declared | dropped by policy |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, name := range p.cast.order {
		for _, g := range p.cast.crowds[name] {
			c := p.books.counts[name][g.Name]
			fmt.Fprintf(b, "| %s | %d | %d times | %s | %d, and %d left by themselves | %d | %d |\n",
				g.Name, g.Count, c.Joined, report.Whole(c.Delivered), c.Ended, c.Left, c.Declared, c.Dropped)
		}
	}
}
