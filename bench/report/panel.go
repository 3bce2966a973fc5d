package report

import (
	"bytes"

	"github.com/go-analyze/charts/chartdraw"
	"github.com/go-analyze/charts/chartdraw/drawing"
)

// Colours: dark on white for text, and for lines a set that people who do not
// see all colours can tell apart, too (Okabe and Ito).
const (
	paper = "#ffffff"
	ink   = "#1f2430"
	faint = "#5c6370"
	rule  = "#e3e6eb"
	frame = "#9aa1ac"
	fonts = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
)

var palette = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}

func colourOf(i int) string { return palette[i%len(palette)] }

// panel is one pair of axes and the lines on them.
type panel struct {
	caption string
	xName   string
	x, y    axis
	lines   []line
	marks   []mark
	names   []string // of the lines; none when the legend tells
	height  int      // in pixels
}

// axis is the labelled places of an axis; the outer ones are its ends.
type axis []chartdraw.Tick

// line is one result; its colour is that of its number among the results.
type line struct {
	result int
	xs, ys []float64
}

// scale is how much finer than its pixels a panel is drawn: the library sets
// points on whole ones.
const scale = 4

// draw returns an SVG of its own for the panel.
func (p *panel) draw(width int) ([]byte, error) {
	chart := chartdraw.Chart{
		Width:  width * scale,
		Height: p.height * scale,
		Background: chartdraw.Style{
			Padding:   chartdraw.Box{Top: 10 * scale, Left: panelLeft * scale, Right: panelRight * scale, Bottom: 44 * scale, IsSet: true},
			FillColor: colour(paper),
		},
		Canvas: chartdraw.Style{FillColor: colour(paper)},
		XAxis: chartdraw.XAxis{
			Style: axisStyle(), Ticks: p.x.unlabelled(), GridLines: p.x.grid(), GridMajorStyle: gridStyle(),
		},
		// The library has its primary axis on the right; lines go by the other.
		YAxis: chartdraw.YAxis{Style: chartdraw.Hidden(), Range: &chartdraw.ContinuousRange{Max: 1}},
		YAxisSecondary: chartdraw.YAxis{
			Style: axisStyle(), Ticks: p.y.unlabelled(), GridLines: p.y.grid(), GridMajorStyle: gridStyle(),
		},
		Elements: []chartdraw.Renderable{p.labels, p.drawMarks},
	}
	for _, l := range p.lines {
		chart.Series = append(chart.Series, chartdraw.ContinuousSeries{
			YAxis: chartdraw.YAxisSecondary, XValues: l.xs, YValues: l.ys,
			Style: chartdraw.Style{StrokeColor: colour(colourOf(l.result)), StrokeWidth: 2 * scale},
		})
	}
	var b bytes.Buffer
	err := chart.Render(chartdraw.SVG, &b)
	return b.Bytes(), err
}

func (a axis) grid() []chartdraw.GridLine {
	lines := []chartdraw.GridLine{}
	for _, t := range a {
		lines = append(lines, chartdraw.GridLine{Value: t.Value})
	}
	return lines
}

func colour(hex string) drawing.Color { return drawing.ColorFromHex(hex[1:]) }

func axisStyle() chartdraw.Style {
	return chartdraw.Style{StrokeColor: colour(frame), StrokeWidth: scale}
}

func gridStyle() chartdraw.Style {
	return chartdraw.Style{StrokeColor: colour(rule), StrokeWidth: scale}
}
