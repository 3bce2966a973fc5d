//go:build linux

package main

import "testing"

func TestMedian(t *testing.T) {
	f := func(want float64, list ...float64) {
		t.Helper()
		if got := median(list); got != want {
			t.Errorf("%v: %v, want %v", list, got, want)
		}
	}
	f(0)
	f(3, 3)
	f(2, 3, 1, 2)
	f(2, 4, 3, 1, 2)
}

func TestNumber(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	f(0, "0")
	f(799.6, "800")
	f(9994, "9994")
	f(9995, "10.0 K")
	f(45e3, "45.0 K")
	f(150e3, "150 K")
	f(999_499, "999 K")
	f(1.5e6, "1.50 M")
}

func TestHold(t *testing.T) {
	f := func(h hold, figure, share float64, met bool, text string) {
		t.Helper()
		if h.met(figure, share) != met || h.String() != text {
			t.Errorf("%+v with %v and %v: %t, %q", h, figure, share, h.met(figure, share), h)
		}
	}
	f(hold{share: 0.9}, 1, 0.9, true, ">= 0.90 of the limit")
	f(hold{share: 0.9}, 1e9, 0.89, false, ">= 0.90 of the limit")
	f(hold{least: 45e3}, 45e3, 0, true, ">= 45.0 K")
	f(hold{least: 45e3}, 44e3, 9, false, ">= 45.0 K")
	f(hold{most: 800}, 800, 0, true, "<= 800")
	f(hold{most: 800}, 801, 9, false, "<= 800")
}

// The share is that of each round, not of the medians.
func TestShares(t *testing.T) {
	r := row{hold: hold{share: 0.6}, ours: []float64{10, 100, 40}, limit: []float64{20, 100, 50}}
	if got := spread(r.shares(), ratio); got != "0.80 [0.50-1.00]" || !r.met() {
		t.Errorf("got %s, met %t", got, r.met())
	}
}
