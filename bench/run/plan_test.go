//go:build linux

package main

import (
	"regexp"
	"testing"
	"time"

	"fanfare/bench/results"
	"fanfare/bench/scenario"
	"fanfare/bench/scenario/connect"
	"fanfare/bench/scenario/fanout"
	"fanfare/bench/scenario/idle"
	"fanfare/bench/scenario/market"
	"fanfare/bench/scenario/rooms"
)

// The whole standard set in three rounds takes 25 minutes at most, and each
// scenario in it is one that can be run.
func TestStandardPlan(t *testing.T) {
	o := options{sizes: standard, rounds: 3, scenario: regexp.MustCompile("")}
	list, err := o.choose()
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := wait(list); d > 25*time.Minute || d < 5*time.Minute {
		t.Errorf("it takes about %s", d)
	}
	for _, m := range list {
		for _, tr := range m.trials {
			if err := tr.scenario.Validate(); err != nil {
				t.Errorf("%s, %s: %v", m.id, tr.key, err)
			}
			if n := connections(tr.scenario); n > standard.most {
				t.Errorf("%s, %s: %d connections, which 20,000 descriptors may not be enough for", m.id, tr.key, n)
			}
		}
	}
}

func connections(s scenario.Scenario) int {
	switch s := s.(type) {
	case fanout.Scenario:
		return s.Connections + s.Outstanding + s.Probes + s.Channels/5000
	case connect.Scenario:
		return s.Connections + s.Background
	case idle.Scenario:
		return s.Connections
	case market.Scenario:
		return s.Connections
	case rooms.Scenario:
		return s.Rooms * s.Members
	}
	return 0
}

// Every number of the issue has its bound. They stand here once more so that
// none is loosened by the way.
func TestBounds(t *testing.T) {
	want := map[string]results.Bound{
		"fanout-1":               {Kind: results.RatioAtLeast, Value: 0.90, Aim: 0.95},
		"fanout-1-no-ring":       {Kind: results.RatioAtLeast, Value: 0.90, Aim: 0.95},
		"fanout-16":              {Kind: results.RatioAtLeast, Value: 1},
		"market":                 {Kind: results.AtLeast, Value: 1.5e6},
		"market-p99":             {Kind: results.AtMost, Value: 150},
		"market-order":           {Kind: results.AtMost},
		"scale-beyond-limit":     {Kind: results.RatioAtMost, Value: 1.15},
		"scale-subscribers":      {Kind: results.AtMost, Value: 1.15},
		"scale-channels":         {Kind: results.RatioAtMost, Value: 1.15},
		"scale-million-channels": {Kind: results.RatioAtMost, Value: 1.15},
		"scale-loops":            {Kind: results.RatioAtMost, Value: 1.1},
		"latency-p50":            {Kind: results.RatioAtMost, Value: 1.15},
		"latency-p99":            {Kind: results.RatioAtMost, Value: 1.15},
		"starvation":             {Kind: results.AtMost, Value: 5},
		"connect":                {Kind: results.RatioAtLeast, Value: 0.3},
		"storm":                  {Kind: results.AtMost},
		"storm-messages":         {Kind: results.AtLeast, Value: 5000},
		"api":                    {Kind: results.AtLeast, Value: 45e3},
		"api-10":                 {Kind: results.AtLeast, Value: 150e3},
		"presence-events":        {Kind: results.AtMost, Value: 1},
		"presence-small-events":  {Kind: results.AtMost, Value: 1},
		"idle-shared":            {Kind: results.AtMost, Value: 800},
		"idle-shared-left":       {Kind: results.AtMost, Value: 100},
		"idle-private":           {Kind: results.AtMost, Value: 1300},
		"idle-private-left":      {Kind: results.AtMost, Value: 100},
		"idle-presence":          {Kind: results.AtMost, Value: 1600},
		"idle-presence-left":     {Kind: results.AtMost, Value: 100},
		"idle-cpu-120":           {Kind: results.AtMost, Value: 1},
		"idle-cpu-120-pings":     {Kind: results.AtLeast, Value: 1},
		"idle-cpu-30":            {},
		"tls-fanout-1":           {Kind: results.RatioAtLeast, Value: 0.8},
		"tls-fanout-16":          {Kind: results.RatioAtLeast, Value: 0.8},
		"tls-connect":            {Kind: results.AtLeast, Value: 1500},
		"tls-idle-hybrid":        {Kind: results.AtMost, Value: 10240},
		"tls-idle-classical":     {Kind: results.AtMost, Value: 7168},
		"slow-p99":               {Kind: results.WithinNoise},
		"slow-memory":            {Kind: results.AtMost, Value: 2.05},
		"slow-disconnect":        {Kind: results.AtLeast, Value: 100},
		"slow-conflate":          {Kind: results.AtLeast, Value: 100},
		"slow-drop-oldest":       {Kind: results.AtLeast, Value: 100},
	}
	seen, brief := make(map[string]bool), 0
	for _, m := range standard.plan() {
		for _, l := range m.lines {
			if seen[l.ID] {
				t.Errorf("two rows are called %s", l.ID)
			}
			seen[l.ID] = true
			if l.Brief != "" {
				brief++
			}
			if bound, ok := want[l.ID]; ok && l.Bound != bound {
				t.Errorf("%s has to hold %+v, want %+v", l.ID, l.Bound, bound)
			}
		}
	}
	if brief < 8 || brief > 14 { // one more is about all runs
		t.Errorf("%d rows stand in the README", brief)
	}
	for id := range want {
		if !seen[id] {
			t.Errorf("no row is called %s", id)
		}
	}
}

// A row that is no share of the limit says why.
func TestNoShare(t *testing.T) {
	for _, m := range standard.plan() {
		f := finding{measurement: m}
		for _, l := range m.lines {
			if row := f.row(l); (row.With == with) == (row.NoShare != "") {
				t.Errorf("%s is compared with %q, and no share of the limit because %q", row.ID, row.With, row.NoShare)
			}
		}
	}
	if (findings{}).integrity().NoShare == "" {
		t.Error("integrity does not say why")
	}
}

func TestRounds(t *testing.T) {
	f := func(n rounds, asks, want int) {
		t.Helper()
		if got := n.of(asks); got != want {
			t.Errorf("%d of %d: %d, want %d", n, asks, got, want)
		}
	}
	f(asked, 3, 3)
	f(once, 3, 1)
	f(five, 3, 5)
	f(five, 7, 7)
	f(five, 1, 1) // a quick look
}
