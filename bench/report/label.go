package report

import "github.com/go-analyze/charts/chartdraw"

// Places of labels, from the axes, in drawn pixels.
const (
	labelSize = 8.5 * scale // in points
	labelGap  = 8 * scale
	nameBelow = 38 * scale
)

// unlabelled leaves the labels to panel.labels: the library makes room for
// its own by their width, so that the axes of two panels did not line up.
func (a axis) unlabelled() []chartdraw.Tick {
	var list []chartdraw.Tick
	for _, t := range a {
		list = append(list, chartdraw.Tick{Value: t.Value})
	}
	return list
}

// labels writes what stands at the axes.
func (p *panel) labels(r chartdraw.Renderer, box chartdraw.Box, defaults chartdraw.Style) {
	r.SetFont(defaults.Font)
	r.SetFontSize(labelSize)
	r.SetFontColor(colour(ink))
	across := p.x.span(box.Width())
	for _, t := range p.x {
		text := r.MeasureText(t.Label)
		r.Text(t.Label, box.Left+across.Translate(t.Value)-text.Width()/2, box.Bottom+labelGap+text.Height())
	}
	up := p.y.span(box.Height())
	for _, t := range p.y {
		text := r.MeasureText(t.Label)
		r.Text(t.Label, box.Left-labelGap-text.Width(), box.Bottom-up.Translate(t.Value)+text.Height()/3)
	}
	r.SetFontColor(colour(faint))
	r.Text(p.xName, (box.Left+box.Right-r.MeasureText(p.xName).Width())/2, box.Bottom+nameBelow)
}

// span maps the axis to pixels.
func (a axis) span(pixels int) *chartdraw.ContinuousRange {
	return &chartdraw.ContinuousRange{Min: a[0].Value, Max: a[len(a)-1].Value, Domain: pixels}
}
