//go:build linux

package main

import "fmt"

// hold is the number that a figure has to hold: one of the three.
type hold struct {
	share float64 // of the limit program's figure, at least
	least float64 // of the figure itself
	most  float64
}

func (h hold) String() string {
	switch {
	case h.share > 0:
		return fmt.Sprintf(">= %.2f of the limit", h.share)
	case h.least > 0:
		return ">= " + number(h.least)
	}
	return "<= " + number(h.most)
}

// met reports whether the medians hold it.
func (h hold) met(figure, share float64) bool {
	switch {
	case h.share > 0:
		return share >= h.share
	case h.least > 0:
		return figure >= h.least
	}
	return figure <= h.most
}
