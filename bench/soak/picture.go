//go:build linux

package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"fanfare/bench/report"
)

// sheet is the picture: what clients felt and what the server took, over time,
// above the accidents.
func (p *page) sheet() *report.Sheet {
	s := &report.Sheet{
		Title: fmt.Sprintf("soak: %d clients for %v", p.cast.members, p.duration),
		Notes: p.conditions,
		End:   p.duration,
	}
	s.Panels = append(s.Panels, p.latencyPanel())
	list := p.fewReadings()
	s.Panels = append(s.Panels, readingsPanel("Server memory", report.AxisBytes, list, map[string]func(reading) float64{
		"resident": func(r reading) float64 { return float64(r.Resident) },
		"heap":     func(r reading) float64 { return float64(r.Heap) },
	}))
	s.Panels = append(s.Panels, readingsPanel("Descriptors and sessions", report.AxisCount, list, map[string]func(reading) float64{
		"descriptors": func(r reading) float64 { return float64(r.Descriptors) },
		"sessions":    func(r reading) float64 { return float64(r.Sessions) },
	}))
	s.Panels = append(s.Panels, readingsPanel("Goroutines", report.AxisCount, list, map[string]func(reading) float64{
		"goroutines": func(r reading) float64 { return float64(r.Goroutines) },
	}))
	p.books.mu.Lock()
	zero := p.books.zero
	p.books.mu.Unlock()
	for _, a := range p.record.All() {
		s.Spans = append(s.Spans, report.Span{Name: string(a.Kind), From: a.From - zero, To: a.Until - zero})
	}
	return s
}

func (p *page) latencyPanel() report.SheetPanel {
	p.books.mu.Lock()
	defer p.books.mu.Unlock()
	panel := report.SheetPanel{Caption: "p99 latency, publish to client", Axis: report.AxisLatency}
	for _, name := range p.cast.order {
		line := report.SheetLine{Name: name}
		for i := range int(p.duration/p.books.step) + 1 {
			if h := p.books.course[name][i]; h != nil {
				line.Points = append(line.Points, report.Point{At: time.Duration(i)*p.books.step + p.books.step/2, Value: float64(h.At(99))})
			}
		}
		if line.Points != nil {
			panel.Lines = append(panel.Lines, line)
		}
	}
	return panel
}

// fewReadings are as many as a picture can show, spread over the whole time.
func (p *page) fewReadings() []reading {
	const most = 300
	list := p.watch.readings(0, p.duration)
	every := max(1, (len(list)+most-1)/most)
	var few []reading
	for i := 0; i < len(list); i += every {
		few = append(few, list[i])
	}
	return few
}

func readingsPanel(caption string, axis report.Axis, list []reading, of map[string]func(reading) float64) report.SheetPanel {
	panel := report.SheetPanel{Caption: caption, Axis: axis}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		line := report.SheetLine{Name: name}
		for _, r := range list {
			line.Points = append(line.Points, report.Point{At: r.At, Value: of[name](r)})
		}
		panel.Lines = append(panel.Lines, line)
	}
	return panel
}
