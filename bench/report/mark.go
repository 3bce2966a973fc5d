package report

import "github.com/go-analyze/charts/chartdraw"

// mark is a part of the x axis in which something happened, and what.
type mark struct {
	from, to float64
	label    string
}

const (
	markColour = ink
	markShade  = 24 // of 255: what is drawn below can be seen through it
	leastMark  = 2 * scale
)

// drawMarks shades them, each with its label beside it.
func (p *panel) drawMarks(r chartdraw.Renderer, box chartdraw.Box, defaults chartdraw.Style) {
	across := p.x.span(box.Width())
	shade := colour(markColour)
	shade.A = markShade
	for _, m := range p.marks {
		left, right := box.Left+across.Translate(m.from), box.Left+across.Translate(m.to)
		right = max(right, left+leastMark)
		r.ResetStyle()
		r.SetFillColor(shade)
		r.MoveTo(left, box.Top)
		r.LineTo(right, box.Top)
		r.LineTo(right, box.Bottom)
		r.LineTo(left, box.Bottom)
		r.Close()
		r.Fill()
		r.SetFont(defaults.Font)
		r.SetFontSize(labelSize)
		r.SetFontColor(colour(markColour))
		text := r.MeasureText(m.label)
		x := right + labelGap
		if x+text.Width() > box.Right {
			x = left - labelGap - text.Width()
		}
		r.Text(m.label, x, box.Top+labelGap+text.Height())
	}
}
