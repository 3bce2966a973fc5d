//go:build linux

package main

import (
	"slices"
	"strconv"
)

// row is what all rounds gave for one measurement.
type row struct {
	name, unit  string
	hold        hold
	measurement measurement
	ours, limit []float64 // one of each round; limit may be empty
}

// shares is ours over limit, round by round.
func (r *row) shares() []float64 {
	var list []float64
	for i, l := range r.limit {
		list = append(list, r.ours[i]/l)
	}
	return list
}

func (r *row) met() bool { return r.hold.met(median(r.ours), median(r.shares())) }

// median of a list; 0 of an empty one. Of an even number it is the lower one
// in the middle: a figure that was measured.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(list))[(len(list)-1)/2]
}

// spread writes a list as median [least-most].
func spread(list []float64, write func(float64) string) string {
	if len(list) == 0 {
		return "-"
	}
	return write(median(list)) + " [" + write(slices.Min(list)) + "-" + write(slices.Max(list)) + "]"
}

// number writes a figure with three digits or so: 1.23 M, 45.6 K, 789.
func number(v float64) string {
	switch {
	case v >= 999.5e3:
		return strconv.FormatFloat(v/1e6, 'f', 2, 64) + " M"
	case v >= 99.95e3:
		return strconv.FormatFloat(v/1e3, 'f', 0, 64) + " K"
	case v >= 9995:
		return strconv.FormatFloat(v/1e3, 'f', 1, 64) + " K"
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func ratio(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
