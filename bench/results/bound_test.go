package results

import "testing"

func TestBound(t *testing.T) {
	f := func(b Bound, ours, against []float64, held bool, text string) {
		t.Helper()
		r := Row{Ours: ours, Against: against, Bound: b, With: "it"}
		if r.Held() != held || b.text("it") != text {
			t.Errorf("%+v with %v and %v: %t, %q", b, ours, against, r.Held(), b.text("it"))
		}
	}
	one := func(v ...float64) []float64 { return v }
	f(Bound{}, one(1), nil, true, "")
	f(Bound{Kind: AtLeast, Value: 45e3}, one(45e3), nil, true, ">= 45.0 K")
	f(Bound{Kind: AtLeast, Value: 45e3}, one(44e3), nil, false, ">= 45.0 K")
	f(Bound{Kind: AtMost, Value: 800}, one(800), nil, true, "<= 800")
	f(Bound{Kind: AtMost, Value: 800}, one(801), nil, false, "<= 800")
	f(Bound{Kind: AtMost}, one(0), nil, true, "<= 0")
	f(Bound{Kind: AtMost}, nil, nil, false, "<= 0") // nothing was measured
	f(Bound{Kind: RatioAtLeast, Value: 0.9, Aim: 0.95}, one(90), one(100), true, ">= 0.90 of it (aim 0.95)")
	f(Bound{Kind: RatioAtLeast, Value: 0.9}, one(89), one(100), false, ">= 0.90 of it")
	f(Bound{Kind: RatioAtMost, Value: 1.15}, one(115), one(100), true, "<= 1.15 of it")
	f(Bound{Kind: RatioAtMost, Value: 1.15}, one(116), one(100), false, "<= 1.15 of it")
	f(Bound{Kind: RatioAtMost, Value: 1.15}, one(116), nil, false, "<= 1.15 of it")
	// The median of ours against the worst of the others.
	f(Bound{Kind: WithinNoise}, one(5, 9, 6), one(6, 1, 1), true, "<= the worst round of it")
	f(Bound{Kind: WithinNoise}, one(7, 9, 7), one(6, 1, 1), false, "<= the worst round of it")
	// Ratios are those of the rounds, not of the medians.
	f(Bound{Kind: RatioAtLeast, Value: 0.8}, one(10, 100, 40), one(20, 100, 50), true, ">= 0.80 of it")
}

// A failed round is not made up for by the others.
func TestFailedIsNotHeld(t *testing.T) {
	r := Row{Ours: []float64{1}, Bound: Bound{Kind: AtLeast, Value: 1}, Failed: []string{"round 2"}}
	if r.Held() || r.verdict() != "**failed**" {
		t.Error(r.verdict())
	}
}

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
	f(2.5, 4, 3, 1, 2)
}

func TestSpread(t *testing.T) {
	f := func(want string, list ...float64) {
		t.Helper()
		if got := spread(list, ratio); got != want {
			t.Errorf("%v: %q, want %q", list, got, want)
		}
	}
	f("")
	f("0.50", 0.5)
	f("0.80 [0.50-1.00]", 1, 0.5, 0.8)
}
