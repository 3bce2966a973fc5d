package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"fanfare/bench/scenario"
)

// sheet is what a test looks at of an SVG.
type sheet struct {
	texts  []string
	panels int
	curves int // paths of a result's colour and a line's width
}

func readDrawing(t *testing.T, svg string) sheet {
	t.Helper()
	var d sheet
	depth := 0
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return d
		}
		if err != nil {
			t.Fatalf("no well-formed SVG: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			d.note(token, depth)
		case xml.EndElement:
			depth--
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" {
				d.texts = append(d.texts, text)
			}
		}
	}
}

func (d *sheet) note(e xml.StartElement, depth int) {
	if e.Name.Local == "svg" && depth == 2 {
		d.panels++
	}
	for _, a := range e.Attr {
		if e.Name.Local == "path" && a.Name.Local == "style" && strings.Contains(a.Value, "stroke-width:8;") {
			d.curves++
		}
	}
}

func (d sheet) want(t *testing.T, panels, curves int, texts ...string) {
	t.Helper()
	if d.panels != panels || d.curves != curves {
		t.Errorf("%d panels with %d curves together, want %d and %d", d.panels, d.curves, panels, curves)
	}
	all := "\n" + strings.Join(d.texts, "\n") + "\n"
	for _, text := range texts {
		if !strings.Contains(all, "\n"+text+"\n") {
			t.Errorf("the picture lacks the text %q; it has:\n%s", text, all)
		}
	}
}

func draw(t *testing.T, results ...Named) sheet {
	t.Helper()
	var b strings.Builder
	if err := WritePicture(&b, results...); err != nil {
		t.Fatal(err)
	}
	return readDrawing(t, b.String())
}

func TestPicture(t *testing.T) {
	draw(t, Named{"Fanfare", sampleDocument(1)}).want(
		t, 3, 3,
		"fanout", "Latency by percentile", "99.9 %", "1 ms", "percentile of deliveries",
		"Throughput over time (deliveries/s)", "seconds since the measurement began", "p99 latency over time",
		"2 x a CPU, linux 6.18.0, go1.26.8, fanfare v1.2.3, 2026-11-23 08:30",
	)
}

func TestPictureOfSeveralResults(t *testing.T) {
	got := draw(t, Named{"Fanfare", sampleDocument(1)}, Named{"<the limit> & more", sampleDocument(2)})
	got.want(t, 3, 6, "<the limit> & more: 522 K deliveries/s, 601 K per server CPU-second, p50 798 µs, p99 2.57 ms")
}

func TestPictureOfAShortRun(t *testing.T) {
	d := sampleDocument(1)
	d.Series = []Second{{End: 300 * time.Millisecond, Done: 3, PerSecond: 10}}
	d.Latency = &Latency{Count: 1, Min: 1000, Max: 1000, Distribution: []Quantile{{100, 1000, 1}}}
	draw(t, Named{"short", d}).want(t, 2, 2, "1 µs")
}

func TestPictureOfNothing(t *testing.T) {
	d := New(&scenario.Result{Scenario: "idle", Unit: "connections", Done: 10, Wall: time.Second}, 10)
	if err := WritePicture(io.Discard, Named{"idle", d}); !errors.Is(err, ErrNothingToDraw) {
		t.Errorf("WritePicture: %v, want %v", err, ErrNothingToDraw)
	}
}

func labelsOf(a axis) string {
	var list []string
	for _, t := range a {
		list = append(list, t.Label)
	}
	return strings.Join(list, " ")
}

func TestAxes(t *testing.T) {
	f := func(got axis, want string) {
		t.Helper()
		if labels := labelsOf(got); labels != want {
			t.Errorf("labels %q, want %q", labels, want)
		}
		for i := 1; i < len(got); i++ {
			if !(got[i].Value > got[i-1].Value) {
				t.Errorf("axis %v does not rise", got)
			}
		}
	}
	f(linearAxis(0, digits), "0 0.200 0.400 0.600 0.800 1.00")
	f(linearAxis(1_040_000, roundCount), "0 200 K 400 K 600 K 800 K 1 M 1.2 M")
	f(linearAxis(3, digits), "0 0.500 1.00 1.50 2.00 2.50 3.00")
	f(secondsAxis(9.2), "0 2 4 6 8 ")
	f(secondsAxis(10), "0 2 4 6 8 10")
	f(secondsAxis(0.3), "0 0.05 0.1 0.15 0.2 0.25 0.3")
	f(latencyAxis(35*time.Microsecond, 3*time.Millisecond), "20 µs 50 µs 100 µs 200 µs 500 µs 1 ms 2 ms 5 ms")
	f(latencyAxis(time.Millisecond, time.Millisecond), "1 ms 2 ms")
	f(latencyAxis(10*time.Microsecond, 2*time.Second), "10 µs 100 µs 1 ms 10 ms 100 ms 1 s 10 s")
	f(latencyAxis(0, 1), "1 ns 2 ns")
	f(percentileAxis(0.3), "0 % 50 % 90 % 99 %")
	f(percentileAxis(3), "0 % 50 % 90 % 99 % 99.9 %")
	f(percentileAxis(4.2), "0 % 50 % 90 % 99 % 99.9 % 99.99 % ")
}

func TestLatencyLineEndsWithWhatWasCounted(t *testing.T) {
	l := latencyLine(sampleDocument(1).Latency)
	last := l.xs[len(l.xs)-1]
	if math.IsInf(last, 0) || math.Abs(last-5.3) > 0.01 {
		t.Errorf("the line of 100,000 ends at %v nines, want 5.3", last)
	}
}
