package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// Sheet is a picture of what happened over time: panels one below the other with
// the same seconds, and below the first one what was done when.
type Sheet struct {
	Title  string
	Notes  []string
	End    time.Duration // of the time that is shown, which begins at 0
	Panels []SheetPanel
	Spans  []Span
}

// SheetPanel is lines with one scale.
type SheetPanel struct {
	Caption string
	Axis    Axis
	Lines   []SheetLine
}

// Axis is the scale of a panel.
type Axis int

// The scales: numbers and bytes from 0 up, and nanoseconds by their logarithm.
const (
	AxisCount Axis = iota
	AxisBytes
	AxisLatency
)

// SheetLine is a value over time, and what it is called.
type SheetLine struct {
	Name   string
	Points []Point
}

// Point is a value at a time.
type Point struct {
	At    time.Duration
	Value float64
}

// Span is something that lasted for a while; those of one name share a row.
type Span struct {
	Name     string
	From, To time.Duration
}

// errEmptySheet is a programmer's mistake.
var errEmptySheet = errors.New("nothing to draw: the sheet has no line with a point")

// WriteSVG draws the sheet. It is opaque, so that it can be read on dark pages,
// too.
func (s *Sheet) WriteSVG(w io.Writer) error {
	p := &picture{}
	p.y = margin + 20
	p.text(margin, 22, ink, "bold", s.Title)
	p.y += 4
	for _, note := range s.Notes {
		p.y += lineSpace - 2
		p.text(margin, 12, faint, "normal", note)
	}
	p.y += lineSpace - 10
	for _, sp := range s.Panels {
		drawn := sp.panel(s.End)
		if drawn == nil {
			continue
		}
		if err := p.add(drawn); err != nil {
			return err
		}
		p.names(sp.names())
		if p.panels == 1 {
			p.spans(s.Spans, s.End)
		}
	}
	if p.panels == 0 {
		return errEmptySheet
	}
	return p.write(w)
}

// panel is nil when there is nothing on it.
func (sp *SheetPanel) panel(end time.Duration) *panel {
	p := &panel{caption: sp.Caption, xName: "seconds", x: secondsAxis(end.Seconds()), height: 230}
	least, most := math.Inf(1), 0.0
	for i, l := range sp.Lines {
		drawn := line{result: i}
		for _, point := range l.Points {
			drawn.xs = append(drawn.xs, min(point.At, end).Seconds())
			drawn.ys = append(drawn.ys, sp.Axis.place(point.Value))
			least, most = min(least, point.Value), max(most, point.Value)
		}
		if len(drawn.xs) == 1 { // a line needs two
			drawn.xs, drawn.ys = append(drawn.xs, end.Seconds()), append(drawn.ys, drawn.ys[0])
		}
		if drawn.xs != nil {
			p.lines = append(p.lines, drawn)
		}
	}
	if p.lines == nil {
		return nil
	}
	switch sp.Axis {
	case AxisLatency:
		p.y = latencyAxis(time.Duration(least), time.Duration(most))
	case AxisBytes:
		p.y = linearAxis(sp.Axis.place(most), func(mebibytes float64) string { return roundCount(mebibytes) + " MiB" })
	case AxisCount:
		p.y = linearAxis(most, roundCount)
	}
	return p
}

// place is where a value is on the axis.
func (a Axis) place(v float64) float64 {
	switch a {
	case AxisLatency:
		return math.Log10(max(v, 1))
	case AxisBytes:
		return v / (1 << 20)
	case AxisCount:
	}
	return v
}

func (sp *SheetPanel) names() (list []string) {
	for _, l := range sp.Lines {
		list = append(list, l.Name)
	}
	return list
}

// names tells below a panel which line is which.
func (p *picture) names(lines []string) {
	const each = 150
	p.y += 4
	for i, name := range lines {
		x := margin + panelLeft + i*each
		fmt.Fprintf(&p.body, `<rect x="%d" y="%d" width="16" height="4" fill="%s"/>`+"\n", x, p.y-5, colourOf(i))
		p.text(x+22, 12, ink, "normal", name)
	}
	p.y += lineSpace - 8
}

// panelLeft and panelRight are the room at the sides of a panel's axes, as
// panel.draw has them.
const (
	panelLeft  = 72
	panelRight = 28
)

// spans draws a row for each name, in the seconds of the panels.
func (p *picture) spans(list []Span, end time.Duration) {
	const height, least = 14, 2.0
	across := float64(pictureWidth - 2*margin - panelLeft - panelRight)
	for i, name := range spanNames(list) {
		p.y += height + 2
		p.text(margin-8, 10, faint, "normal", name)
		fmt.Fprintf(&p.body, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", margin+panelLeft, p.y-11, across, height, shade)
		for _, s := range list {
			if s.Name != name || s.From > end {
				continue
			}
			x := across * s.From.Seconds() / end.Seconds()
			width := max(least, across*(min(s.To, end)-s.From).Seconds()/end.Seconds())
			fmt.Fprintf(&p.body, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n",
				float64(margin+panelLeft)+x, p.y-11, width, height, colourOf(i))
		}
	}
	p.y += 8
}

// shade is behind the spans.
const shade = "#f4f5f7"

// spanNames are in the order in which they first came.
func spanNames(list []Span) (names []string) {
	sorted := slices.SortedStableFunc(slices.Values(list), func(a, b Span) int { return int(a.From - b.From) })
	for _, s := range sorted {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}
