//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/soak/accident"
	"fanfare/bench/soak/crowd"
	"fanfare/bench/soak/press"
)

// trial is a soak in which all is as it must be, as far as the claims about
// messages, drops, publishing and endings go.
type trial struct {
	*stage
	published press.Stats
	upgrades  []upgrade
	silences  []press.Silence
}

func newTrial() *trial {
	s := &stage{options: &options{}, record: &accident.Record{May: consequences(tempo{})}, books: newBooks(time.Second)}
	s.watch = &watch{ends: map[int]reading{1: {dropped: 3}, 2: {dropped: 4}}}
	s.books.counts[steady] = map[string]crowd.Counts{"steady market": {Delivered: 10, Declared: 2}}
	s.books.counts[stopped] = map[string]crowd.Counts{"stopped camera": {Delivered: 10, Dropped: 7}}
	s.record.End(s.record.Begin(accident.Drain))
	now := crowd.Now()
	s.books.endings[steady] = []crowd.Endings{{Count: 3, Stood: true, Code: 4200, First: now, Last: now}}
	s.books.uncertain[loadgen.Mark{Source: 7, Seq: 4}] = true
	s.record.End(s.record.Begin(accident.Upgrade))
	return &trial{
		s,
		press.Stats{Accepted: 10, Refused: 1, Queries: 1},
		[]upgrade{{Connections: 20, State: 1 << 20, Frozen: 0.1, Took: 1}},
		[]press.Silence{{From: now - time.Second, Until: now}},
	}
}

func (s *trial) judge() (f findings) {
	s.judgeMessages(&f)
	s.judgeDrops(&f)
	s.judgePublishing(&f, s.published, func(m loadgen.Mark) bool { return m == loadgen.Mark{Source: 7, Seq: 5} })
	s.judgeEndings(&f)
	s.judgeUpgrades(&f, s.upgrades)
	s.judgeSilences(&f, s.silences)
	return f
}

func TestVerdicts(t *testing.T) {
	if err := newTrial().judge().err(); err != nil {
		t.Fatalf("nothing is wrong, and yet: %v", err)
	}
	f := func(want string, spoil func(s *trial)) {
		t.Helper()
		s := newTrial()
		spoil(s)
		got := s.judge()
		failures := 0
		for _, c := range got {
			if c.Verdict == failed {
				failures++
			}
		}
		if err := got.err(); err == nil || failures != 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%d claims have failed: %v; want one, and %q", failures, err, want)
		}
	}
	market := func(change func(*crowd.Counts)) func(*trial) {
		return func(s *trial) {
			c := s.books.counts[steady]["steady market"]
			change(&c)
			s.books.counts[steady]["steady market"] = c
		}
	}
	f("1 lost", market(func(c *crowd.Counts) { c.Lost = 1 }))
	f("1 twice", market(func(c *crowd.Counts) { c.Twice = 1 }))
	f("1 out of order", market(func(c *crowd.Counts) { c.Disorder = 1 }))
	f("1 astray", market(func(c *crowd.Counts) { c.Stray = 1 }))
	f("1 wrong member events", market(func(c *crowd.Counts) { c.Presence = 1 }))
	f("0 deliveries", func(s *trial) { clear(s.books.counts) })
	f("quick ones 1", market(func(c *crowd.Counts) { c.Dropped = 1 }))
	f("slow clients lack 8", func(s *trial) { s.books.counts[stopped]["stopped camera"] = crowd.Counts{Dropped: 8} })
	f("first: message 5 of market-00007", func(s *trial) { s.books.uncertain[loadgen.Mark{Source: 7, Seq: 5}] = true })
	f("0 refused", func(s *trial) { s.published.Refused = 0 })
	f("1 unexpected answers a 500", func(s *trial) { s.published.Unexpected, s.published.First = 1, "a 500" })
	f("0 questions", func(s *trial) { s.published.Queries = 0 })
	f("0 upgrades", func(s *trial) { s.upgrades = nil })
	f("0 connections moved", func(s *trial) { s.upgrades[0].Connections = 0 })
	f("first: from 2h46m40s to 2h46m41s: cut", func(s *trial) {
		s.silences = append(s.silences, press.Silence{From: 10_000 * time.Second, Until: 10_001 * time.Second, Text: "cut"})
	})
	f("2 x steady market, the first member 9 at 25ns: 1006 cut", func(s *trial) {
		s.books.endings[steady] = append(s.books.endings[steady],
			crowd.Endings{Group: "steady market", Count: 2, Code: 1006, Text: "cut", Member: 9, First: 25, Last: 50 * time.Second})
	})
}

func TestRest(t *testing.T) {
	f := func(left reading, want bool) {
		t.Helper()
		s := &stage{empty: reading{Descriptors: 25, Goroutines: 25}, left: left}
		var got findings
		s.judgeRest(&got)
		if (got.err() == nil) != want {
			t.Errorf("%+v: %v", left, got)
		}
	}
	f(reading{Descriptors: 30, Goroutines: 30}, true)
	f(reading{Descriptors: 60, Goroutines: 30}, false)
	f(reading{Descriptors: 30, Goroutines: 60}, false)
}

func TestSamples(t *testing.T) {
	got := samples([]byte("# HELP a b\na{x=\"1\"} 2\na{x=\"2\"} 3\nb 1e3\nc\nd x\n"))
	if len(got) != 2 || got["a"] != 5 || got["b"] != 1000 {
		t.Errorf("got %v, want a = 5 and b = 1000", got)
	}
}

func TestOptions(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		var stderr strings.Builder
		o, err := parse(args, &stderr)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %+v, %v; want %q", args, o, err, want)
		}
	}
	f("")
	f("", "-duration", "20s")
	f("a cycle takes 20s or more", "-duration", "10s")
	f("a cycle takes 20s or more", "-cycle", "1m", "-duration", "30s")
	f("want at least 60", "-connections", "10")
	f("want flags only", "now")
	o, err := parse(nil, &strings.Builder{})
	if err != nil || o.cycles() != 20 || o.cycle != longestCycle {
		t.Errorf("%+v, %v; want twenty cycles of a minute and a half", o, err)
	}
}
