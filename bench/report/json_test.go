package report

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/scenario"
)

func TestJSONGoesThereAndBack(t *testing.T) {
	want := sampleDocument(1)
	var b bytes.Buffer
	if err := want.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("document read again (-want +got):\n%s", diff)
	}
}

// The names are what others build on: one that goes or changes its meaning
// wants a new SchemaVersion.
func TestJSONNames(t *testing.T) {
	b, err := json.Marshal(sampleDocument(1))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	var names []string
	collectNames("", tree, &names)
	slices.Sort(names)
	wantGolden(t, "names.golden", strings.Join(slices.Compact(names), "\n")+"\n")
}

func collectNames(prefix string, v any, to *[]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if prefix == "parameters." {
				name = "FLAG"
			}
			collectNames(prefix+name+".", member, to)
		}
	case []any:
		for _, element := range v {
			collectNames(strings.TrimSuffix(prefix, ".")+"[].", element, to)
		}
	default:
		*to = append(*to, strings.TrimSuffix(prefix, "."))
	}
}

func TestReadRefuses(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read(%s): %v, want %q", text, err, want)
		}
	}
	f(`{"schema_version":2}`, "a result has schema_version 2; this program reads 1")
	f(`{}`, "schema_version 0")
	f(`nothing`, "cannot read a result")
}

func TestNewOfNothing(t *testing.T) {
	d := New(&scenario.Result{Scenario: "fanout", Unit: "deliveries", Figures: []scenario.Figure{{Name: "ratio", Value: math.NaN()}}}, 0)
	if err := d.WriteJSON(&bytes.Buffer{}); err != nil {
		t.Errorf("a run that measured nothing: %v", err)
	}
	if d.Messages != nil || d.Latency != nil || d.Memory != nil || d.PerSecond != 0 || d.PerCPUSecond != 0 {
		t.Errorf("document of a run that measured nothing: %+v", d)
	}
}

func TestNew(t *testing.T) {
	r := sampleResult(1)
	d := New(r, 8000)
	if want := float64(8<<20) / 8000; d.Memory.Each != want {
		t.Errorf("%v bytes per connection, want %v", d.Memory.Each, want)
	}
	if want := float64(1<<20) / 8000; d.Memory.Left != want {
		t.Errorf("%v bytes left per connection, want %v", d.Memory.Left, want)
	}
	if want := float64(r.Done) / 8; d.PerCPUSecond != want {
		t.Errorf("%v per CPU-second, want %v", d.PerCPUSecond, want)
	}
	last := d.Series[len(d.Series)-1]
	if want := float64(last.Done) / 0.2; math.Abs(last.PerSecond-want) > 1 {
		t.Errorf("last second has %v a second, want %v: it lasted 200 ms", last.PerSecond, want)
	}
	if got, want := d.Latency.P99, time.Duration(r.Latency.ValueAtPercentile(99)); got != want {
		t.Errorf("p99 is %v, want %v", got, want)
	}
	if top := d.Latency.Distribution[len(d.Latency.Distribution)-1]; top.Percentile != 100 || top.Count != d.Latency.Count {
		t.Errorf("the distribution ends with %+v, want 100 %% of %d", top, d.Latency.Count)
	}
}
