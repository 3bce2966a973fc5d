package report

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestSheet(t *testing.T) {
	s := &Sheet{
		Title: "soak <of> a server", Notes: []string{"on this & that"}, End: 300 * time.Second,
		Panels: []SheetPanel{
			{"p99", AxisLatency, []SheetLine{{"steady", []Point{{time.Second, 2e6}, {299 * time.Second, 4e8}}}, {"alone", []Point{{time.Minute, 1e7}}}}},
			{"memory", AxisBytes, []SheetLine{{"resident", []Point{{0, 40 << 20}, {300 * time.Second, 50 << 20}}}}},
			{"nothing", AxisCount, nil},
			{"descriptors", AxisCount, []SheetLine{{"open", []Point{{0, 0}, {300 * time.Second, 3000}}}}},
		},
		Spans: []Span{{"drain", 250 * time.Second, 255 * time.Second}, {"stall", 10 * time.Second, 20 * time.Second}, {"drain", 400 * time.Second, 401 * time.Second}},
	}
	var b strings.Builder
	if err := s.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	readDrawing(t, b.String()).want(t, 3, 4, "soak <of> a server", "on this & that", "p99", "steady", "alone", "100 ms", "50 MiB", "3000", "stall", "drain")
	// The two rows with a bar each, the names of the four lines, and the paper.
	if n := strings.Count(b.String(), "<rect"); n != 2+2+4+1 {
		t.Errorf("%d boxes, want 9: what lies behind the end is not drawn", n)
	}
}

func TestEmptySheet(t *testing.T) {
	if err := (&Sheet{End: time.Second}).WriteSVG(io.Discard); !errors.Is(err, errEmptySheet) {
		t.Errorf("WriteSVG: %v, want %v", err, errEmptySheet)
	}
}
