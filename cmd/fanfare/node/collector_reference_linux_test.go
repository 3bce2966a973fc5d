package node

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

var update = flag.Bool("update", false, "write the tables of docs/metrics.md instead of comparing them")

// TestReference holds the tables of docs/metrics.md to the code. They stand between
// two comments; -update writes them.
func TestReference(t *testing.T) {
	const file, from, to = "../../../docs/metrics.md", "<!-- metrics: begin (generated: go test ./cmd/fanfare/node -run TestReference -update) -->\n", "<!-- metrics: end -->"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(data), from)
	got, tail, ok2 := strings.Cut(rest, to)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no %q ... %q", file, from, to)
	}
	want := reference(t)
	if *update {
		if err := os.WriteFile(file, []byte(head+from+want+to+tail), 0o644); err != nil { //nolint:gosec // a public file
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/metrics.md is behind (go test ./cmd/fanfare/node -run TestReference -update mends it; -want +got):\n%s", diff)
	}
}

// reference is the tables, as Markdown.
func reference(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, group := range catalogue {
		begin(&b, group.title)
		for _, m := range group.metrics {
			row(&b, m.name, string(m.kind), m.labels, m.help)
		}
	}
	begin(&b, "The binary")
	families(t, &b, buildInfo("", ""))
	begin(&b, "Go and the process")
	families(t, &b, runtimeCollectors()...)
	begin(&b, "soketi's names")
	for _, m := range soketiNames {
		row(&b, soketiPrefix+m.name, string(m.kind), []string{"app_id", "port"}, m.help)
	}
	return b.String()
}

func begin(b *strings.Builder, title string) {
	fmt.Fprintf(b, "\n## %s\n\n| Name | Type | Unit | Labels | |\n|---|---|---|---|---|\n", title)
}

func row(b *strings.Builder, name, kind string, labels []string, help string) {
	names := ""
	if len(labels) > 0 {
		names = "`" + strings.Join(labels, "`, `") + "`"
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", name, kind, unitOf(name), names, strings.ReplaceAll(help, "|", `\|`))
}

// unitOf is what a metric is counted in: its name ends with it.
func unitOf(name string) string {
	name = strings.TrimSuffix(name, "_total")
	for _, unit := range []string{"seconds", "bytes"} {
		if strings.HasSuffix(name, "_"+unit) {
			return unit
		}
	}
	return ""
}

// families lists what collectors of the library give.
func families(t *testing.T, b *strings.Builder, list ...prometheus.Collector) {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(list...)
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		row(b, f.GetName(), strings.ToLower(f.GetType().String()), labelsOf(f), f.GetHelp())
	}
}

func labelsOf(f *dto.MetricFamily) (names []string) {
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if !slices.Contains(names, l.GetName()) {
				names = append(names, l.GetName())
			}
		}
	}
	return names
}

// Names are told once, and end in the unit that the reference derives.
func TestCatalogueNames(t *testing.T) {
	seen := map[string]bool{}
	for _, group := range catalogue {
		for _, m := range group.metrics {
			if seen[m.name] {
				t.Errorf("%s is there twice", m.name)
			}
			seen[m.name] = true
			if counts := strings.HasSuffix(m.name, "_total"); counts != (m.kind == counter) {
				t.Errorf("%s is a %s", m.name, m.kind)
			}
			if !strings.HasSuffix(m.help, ".") {
				t.Errorf("%s: the help is no sentence: %s", m.name, m.help)
			}
		}
	}
}
