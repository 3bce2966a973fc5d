//go:build linux

package accident

import (
	"testing"
	"time"

	"fanfare/bench/soak/crowd"
)

// Crowds.
const (
	steady  = "steady"
	proxied = "proxied"
	stopped = "stopped"
	narrow  = "narrow"
)

func TestExplains(t *testing.T) {
	r := &Record{May: map[Kind]Consequence{
		CutFin:  {Crowds: []string{proxied}, Codes: []int{0}, After: 8 * time.Second},
		Stop:    {Crowds: []string{stopped}, Codes: []int{0, 4100, 4201}, After: 20 * time.Second},
		LowRate: {Crowds: []string{narrow}, Codes: []int{0, 4100}},
		Drain:   {After: 8 * time.Second},
	}}
	r.list = []*Accident{
		{Kind: CutFin, From: 100 * time.Second, Until: 100 * time.Second},
		{Kind: Stop, From: 200 * time.Second, Until: 220 * time.Second},
		{Kind: Outage, From: 300 * time.Second, Until: 310 * time.Second},
		{Kind: Drain, From: 400 * time.Second, Until: 405 * time.Second},
		{Kind: LowRate, From: 500 * time.Second},
	}
	f := func(who string, code int, first, last float64, want bool) {
		t.Helper()
		at := func(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
		if got := r.Explains(who, crowd.Endings{Code: code, First: at(first), Last: at(last)}); got != want {
			t.Errorf("%s, %d, from %v to %v: explained %v, want %v", who, code, first, last, got, want)
		}
	}
	f(proxied, 0, 100.1, 100.3, true)
	f(proxied, 0, 99.9, 100.3, false) // before
	f(proxied, 0, 100.1, 109, false)  // too long after
	f(proxied, 4200, 100.1, 100.3, false)
	f(steady, 0, 100.1, 100.3, false)
	f(stopped, 4100, 210, 222, true)
	f(stopped, 4201, 225, 225, true)
	f(stopped, 4009, 225, 225, false)
	f(narrow, 4100, 210, 222, false)
	f(steady, 0, 305, 305, false) // webhooks end no connection
	f(steady, 4200, 401, 402, true)
	f(steady, 0, 404, 412, true)
	f(narrow, 4100, 900, 900, true) // it lasts
	for seconds, want := range map[int]bool{394: false, 396: true, 402: true, 404: true, 406: false} {
		from := time.Duration(seconds) * time.Second
		if got := r.During(Drain, from, from+5*time.Second); got != want {
			t.Errorf("a drain between %v and 5 s later: %v, want %v", from, got, want)
		}
	}
	if n := r.Times(Drain); n != 1 || r.Lasting() != "low rate" {
		t.Errorf("%d drains, lasting: %q", n, r.Lasting())
	}
}
