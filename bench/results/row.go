package results

import (
	"slices"
	"strconv"

	"fanfare/bench/report"
)

// Row is one figure with what it is compared with and what it has to hold.
type Row struct {
	ID      string    `json:"id"`
	Group   string    `json:"group"` // the table that it stands in
	Name    string    `json:"name"`
	Unit    string    `json:"unit"`
	Ours    []float64 `json:"ours"`               // one of each round
	With    string    `json:"with,omitempty"`     // what it is compared with: "the limit"
	Against []float64 `json:"against,omitempty"`  // that one's, round by round
	NoShare string    `json:"no_share,omitempty"` // why it is no share of the limit, where it is none
	Bound   Bound     `json:"bound,omitzero"`
	Brief   string    `json:"brief,omitempty"`  // its name in the README, if it stands there
	Failed  []string  `json:"failed,omitempty"` // why rounds have no figure
}

// ratios is ours over the other one's, round by round.
func (r *Row) ratios() []float64 {
	var list []float64
	for i, against := range r.Against {
		list = append(list, r.Ours[i]/against)
	}
	return list
}

// Held reports whether the medians hold the bound. What has failed holds
// nothing.
func (r *Row) Held() bool {
	return len(r.Failed) == 0 && len(r.Ours) > 0 && r.Bound.holds(r)
}

// verdict is Held in a word.
func (r *Row) verdict() string {
	switch {
	case len(r.Failed) > 0 || len(r.Ours) == 0:
		return "**failed**"
	case r.Bound.Kind == Unbounded:
		return ""
	case r.Held():
		return "yes"
	}
	return "**no**"
}

// median of a list; 0 of an empty one.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	half := len(list) / 2
	if len(list)%2 == 1 {
		return list[half]
	}
	return (list[half-1] + list[half]) / 2
}

// spread writes a list as median [least-most], and one figure as it is.
func spread(list []float64, write func(float64) string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return write(list[0])
	}
	return write(median(list)) + " [" + write(slices.Min(list)) + "-" + write(slices.Max(list)) + "]"
}

// number writes a figure with three digits or so: 1.23 M, 45.6 K, 789.
func number(v float64) string { return report.Count(v) }

func ratio(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
