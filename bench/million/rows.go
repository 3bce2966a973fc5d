//go:build linux

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"fanfare/bench/report"
)

// rows is the result's table: what was measured, and what came out.
func (p *page) rows() [][2]string {
	n := uint64(p.Trial.Connections)
	return [][2]string{
		{"subscribed at the same time", of(p.Full.Subscriptions, n)},
		{"opened in", fmt.Sprintf("%s, %.0f a second", rounded(p.Opening), float64(n)/p.Opening.Seconds())},
		{"reached by one broadcast", of(uint64(p.figure("reached by the broadcast")), n) + p.reachedAfter()},
		{"fan-out, one publish at a time", p.fanoutRow()},
		{"server's resident memory, each", report.Bytes(p.each(func(r *reading) int64 { return r.Resident }))},
		{"server's resident memory, all", amount(p.Full.Resident) + " (" + amount(p.Empty.Resident) + " before the first)"},
		{"the same when all had been pinged", amount(p.Quiet.Resident)},
		{"the same when all had left", amount(p.Left.Resident)},
		{"kernel memory, each with both ends", report.Bytes(p.each(func(r *reading) int64 { return r.Slab }))},
		{"TCP sockets in use", report.Whole(uint64(p.Full.Sockets))},
		{"pings sent before the broadcast", report.Whole(p.pings())},
		{"pings that the load answered up to its end", report.Whole(uint64(p.figure("pings answered")))},
		{"connections that did not answer, closed with 4201", of(p.timedOut(), uint64(p.Trial.Mute)) + ", " + p.patience()},
		{"connections that answered, and stayed", of(p.Quiet.Sessions, n)},
		{"server's CPU time up to the last subscription", rounded(p.Full.CPU)},
	}
}

func (p *page) reachedAfter() string {
	last := time.Duration(p.figure("and the last one after") * float64(time.Millisecond))
	return ", the last after " + report.Duration(last)
}

func (p *page) fanoutRow() string {
	text := report.Whole(p.fanout.Done) + " " + p.fanout.Unit
	if m := p.fanout.Messages; m != nil {
		text += fmt.Sprintf("; %d lost, %d twice, %d out of order", m.Lost, m.Duplicated, m.Reordered)
	}
	return text
}

// patience is when the mute were pinged, and when they were closed.
func (p *page) patience() string {
	pinged, closed := span{}, span{}
	for _, e := range p.Silent {
		pinged.add(e.Pinged)
		closed.add(e.Closed - e.Pinged)
	}
	return fmt.Sprintf("pinged after %v, closed %v later", pinged, closed)
}

// figure is one of the idle benchmark's.
func (p *page) figure(name string) float64 {
	for _, f := range p.idle.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return 0
}

// span is the least and the most of some times.
type span struct{ least, most time.Duration }

func (s *span) add(d time.Duration) {
	if s.most == 0 {
		s.least = d
	}
	s.least, s.most = min(s.least, d), max(s.most, d)
}

func (s span) String() string {
	if least, most := rounded(s.least), rounded(s.most); least != most {
		return least + " to " + most
	}
	return rounded(s.most)
}

func of(some, all uint64) string { return report.Whole(some) + " of " + report.Whole(all) }

func amount(n int64) string { return report.Bytes(float64(n)) }

func rounded(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// table is the result for a terminal.
func (p *page) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range p.rows() {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", r[0], r[1]) // into memory
	}
	_ = w.Flush() // into memory
	return b.String()
}
