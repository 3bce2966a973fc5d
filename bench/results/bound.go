package results

import (
	"fmt"
	"slices"
)

// Bound is what a row has to hold.
type Bound struct {
	Kind  Kind    `json:"kind"`
	Value float64 `json:"value"`
	Aim   float64 `json:"aim,omitempty"` // what would be better still; 0 is none
}

// Kind is what a bound is about.
type Kind string

// The kinds of bounds. All are about medians, that of a ratio about the median
// of the rounds' ratios.
const (
	Unbounded    Kind = ""
	AtLeast      Kind = "at least"       // the figure
	AtMost       Kind = "at most"        // the figure
	RatioAtLeast Kind = "ratio at least" // to what the row is compared with
	RatioAtMost  Kind = "ratio at most"
	// WithinNoise holds when the figure is no more than the other one's worst
	// round.
	WithinNoise Kind = "within noise"
)

func (b Bound) holds(r *Row) bool {
	if (b.Kind == RatioAtLeast || b.Kind == RatioAtMost || b.Kind == WithinNoise) && len(r.Against) == 0 {
		return false
	}
	switch b.Kind {
	case AtLeast:
		return median(r.Ours) >= b.Value
	case AtMost:
		return median(r.Ours) <= b.Value
	case RatioAtLeast:
		return median(r.ratios()) >= b.Value
	case RatioAtMost:
		return median(r.ratios()) <= b.Value
	case WithinNoise:
		return median(r.Ours) <= slices.Max(r.Against)
	}
	return true
}

// text says the bound of a row that is compared with something.
func (b Bound) text(with string) string {
	var s string
	switch b.Kind {
	case AtLeast:
		s = ">= " + number(b.Value)
	case AtMost:
		s = "<= " + number(b.Value)
	case RatioAtLeast:
		s = fmt.Sprintf(">= %.2f of %s", b.Value, with)
	case RatioAtMost:
		s = fmt.Sprintf("<= %.2f of %s", b.Value, with)
	case WithinNoise:
		s = "<= the worst round of " + with
	}
	if b.Aim != 0 {
		s += fmt.Sprintf(" (aim %.2f)", b.Aim)
	}
	return s
}
