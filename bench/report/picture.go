package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Named is a document and what pictures call it.
type Named struct {
	Name string // "Fanfare"
	*Document
}

// Sizes of a picture, in pixels of its own; SVG scales.
const (
	pictureWidth = 960
	margin       = 24
	captionSpace = 26 // above a panel, for its caption
	lineSpace    = 20
)

// ErrNothingToDraw is what connections that are only held give.
var ErrNothingToDraw = errors.New("nothing to draw: the scenario has neither latencies nor a course over time")

// WritePicture draws the results over each other as one SVG: latency by
// percentile, and throughput and p99 over time. The first one's conditions
// stand above it. It is opaque, so that it can be read on dark pages, too.
func WritePicture(w io.Writer, results ...Named) error {
	if len(results) == 0 {
		return ErrNothingToDraw
	}
	p := &picture{}
	p.header(results)
	panels := []*panel{latencyPanel(results), ratePanel(results), coursePanel(results)}
	if len(results) == 1 && len(results[0].Course) > 0 {
		panels = upgradePanels(results[0].Document)
	}
	for _, panel := range panels {
		if panel == nil {
			continue
		}
		if err := p.add(panel); err != nil {
			return err
		}
	}
	if p.panels == 0 {
		return ErrNothingToDraw
	}
	return p.write(w)
}

// picture is the sheet that panels are put on, one below the other.
type picture struct {
	body   bytes.Buffer
	y      int // where there is still room
	panels int
}

func (p *picture) header(results []Named) {
	p.y = margin + 20
	first := results[0]
	p.text(margin, 22, ink, "bold", first.Scenario)
	p.y += 4
	for _, line := range conditionLines(first.Document) {
		p.y += lineSpace - 2
		p.text(margin, 12, faint, "normal", line)
	}
	p.y += lineSpace + 6
	p.legend(results)
}

// text writes a line at the height that has been reached.
func (p *picture) text(x, size int, colour, weight, text string) {
	fmt.Fprintf(&p.body, `<text x="%d" y="%d" fill="%s" font-size="%d" font-weight="%s">%s</text>`+"\n",
		x, p.y, colour, size, weight, escaped(text))
}

// legend names the results in their colours, with what they did in a second.
func (p *picture) legend(results []Named) {
	for i, r := range results {
		fmt.Fprintf(&p.body, `<rect x="%d" y="%d" width="24" height="4" fill="%s"/>`+"\n", margin, p.y-6, colourOf(i))
		p.text(margin+34, 14, ink, "normal", fmt.Sprintf("%s: %s", r.Name, r.summary()))
		p.y += lineSpace
	}
}

// summary is the result in a line.
func (d *Document) summary() string {
	parts := []string{Whole(d.Done) + " " + d.Unit}
	if d.PerSecond > 0 {
		parts[0] = Count(d.PerSecond) + " " + d.Unit + "/s"
	}
	if d.PerCPUSecond > 0 {
		parts = append(parts, Count(d.PerCPUSecond)+" per server CPU-second")
	}
	if l := d.Latency; l != nil {
		parts = append(parts, "p50 "+Duration(l.P50), "p99 "+Duration(l.P99))
	}
	return strings.Join(parts, ", ")
}

// conditionLines says what was run, and where.
func conditionLines(d *Document) []string {
	c := d.Conditions
	var words []string
	for _, w := range []string{
		fmt.Sprintf("%d x %s", c.Cores, orUnknown(c.CPU)), strings.TrimSpace(c.OS + " " + c.Kernel),
		c.Go, "fanfare " + c.Version, d.Started.Format("2006-01-02 15:04"),
	} {
		if strings.TrimSpace(w) != "" {
			words = append(words, w)
		}
	}
	return append(parameterLines(d.Parameters, 130), strings.Join(words, ", "))
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown CPU"
	}
	return text
}

func (p *picture) add(l *panel) error {
	p.y += captionSpace
	p.text(margin, 15, ink, "bold", l.caption)
	p.y += 8
	drawn, err := l.draw(pictureWidth - 2*margin)
	if err != nil {
		return fmt.Errorf("cannot draw %q: %w", l.caption, err)
	}
	place := fmt.Sprintf(`<svg x="%d" y="%d" width="%d" height="%d" `, margin, p.y, pictureWidth-2*margin, l.height)
	p.body.WriteString(strings.Replace(string(drawn), "<svg ", place, 1) + "\n")
	p.y += l.height
	p.panels++
	if l.names != nil {
		p.names(l.names)
	}
	return nil
}

func (p *picture) write(w io.Writer) error {
	height := p.y + margin
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="%s">`+
		"\n"+`<rect width="100%%" height="100%%" fill="%s"/>`+"\n%s</svg>\n",
		pictureWidth, height, pictureWidth, height, fonts, paper, p.body.Bytes())
	return err
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
