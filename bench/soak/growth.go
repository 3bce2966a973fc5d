//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/bench/report"
	"fanfare/bench/soak/accident"
	"fanfare/bench/soak/trend"
)

// The bounds of growth in an hour. They were chosen before the first long
// measurement. A growth is held against the server when it is no noise (99 %
// confidence) and more than a share of the mean. Nothing is proved when noise
// would hide too much: half of the memory, or so many descriptors or goroutines
// as would be left by one in five hundred of the 150,000 connections that end in
// an hour.
const (
	mayGrow       = 0.02
	mayHideShare  = 0.50
	mayHideNumber = 300
	// longEnough is from which length on noise is no excuse.
	longEnough = 10 * time.Minute
)

// measure is something that must not grow.
type measure struct {
	name  string
	value func(reading) float64
	write func(float64) string
	hides func(trend.Trend) bool // that noise would hide too much
}

// ageless is what is the same at any age of a process.
var ageless = measure{"descriptors", func(r reading) float64 { return float64(r.Descriptors) }, report.Count, hidesNumber}

// aging is what depends on that: memory grows until it has settled, and the workers that
// have taken connections up are there for some seconds more.
var aging = []measure{
	{"resident memory", func(r reading) float64 { return float64(r.Resident) }, report.Bytes, hidesShare},
	{"heap", func(r reading) float64 { return float64(r.Heap) }, report.Bytes, hidesShare},
	{"goroutines", func(r reading) float64 { return float64(r.Goroutines) }, report.Count, hidesNumber},
}

func hidesShare(t trend.Trend) bool { return t.Error > mayHideShare*t.Mean }

func hidesNumber(t trend.Trend) bool { return t.Error > mayHideNumber }

// judgeGrowth looks for growth in the second half, where one process is the other's
// successor.
func (s *stage) judgeGrowth(f *findings) {
	end, spans := time.Duration(s.cycles())*s.cycle, s.cycles()/2
	judgeAgeless(f, s.watch.readings(end-time.Duration(spans)*s.cycle, end), spans)
	judgeAging(f, lives(s.watch.readings(s.lastDrain(), end), s.upgrade))
}

// lastDrain is from when on all processes but the first are successors.
func (s *stage) lastDrain() (at time.Duration) {
	for _, a := range s.record.All() {
		if a.Kind == accident.Drain {
			at = max(at, a.Until-s.books.zero)
		}
	}
	return at
}

// judgeAgeless draws a line through readings of so many cycles, whichever process
// they are of.
func judgeAgeless(f *findings, list []reading, spans int) {
	var samples []trend.Sample
	for _, r := range list {
		samples = append(samples, trend.Sample{At: r.At, Value: ageless.value(r)})
	}
	t, err := trend.Of(samples, spans)
	ageless.judge(f, "flat over the second half, whoever serves: ", t, err, fmt.Sprintf("by the medians of %d rounds", t.Count), covered(samples))
}

// judge makes the claim that what was seen for so long does not grow.
func (m *measure) judge(f *findings, name string, t trend.Trend, err error, how string, long time.Duration) {
	name += m.name
	if err != nil {
		*f = append(*f, claim{name, unjudged, err.Error()})
		return
	}
	figures := fmt.Sprintf("%s, growing by %s an hour, give or take %s (99 %%), %s", m.write(t.Mean), m.write(t.PerHour), m.write(t.Error), how)
	if m.hides(t) && long < longEnough {
		*f = append(*f, claim{name, unjudged, figures + ": too short for so much noise"})
		return
	}
	f.claim(name, !t.Grows(mayGrow) && !m.hides(t), "%s", figures)
}

// ages is into how many parts a process' life is divided.
const ages = 3

// life is the readings of one process, by its age.
type life [ages][]reading

// lives are those of processes that have lived for so long. That of the first one in the
// list is left out: it is nobody's successor.
func lives(list []reading, long time.Duration) (all []life) {
	for first := true; len(list) > 0; first = false {
		born := list[0]
		n := slices.IndexFunc(list, func(r reading) bool { return r.Generation != born.Generation })
		if n < 0 {
			n = len(list)
		}
		var l life
		for _, r := range list[:n] {
			age := min(int((r.At-born.At)*ages/long), ages-1)
			l[age] = append(l[age], r)
		}
		if !first && list[n-1].At-born.At > long*9/10 {
			all = append(all, l)
		}
		list = list[n:]
	}
	return all
}

// judgeAging compares each process with its predecessor at the same age: the line is
// drawn through what is usual in each part of a life, less what is owed to age.
func judgeAging(f *findings, all []life) {
	for _, m := range aging {
		points, byAge := m.lessAge(all)
		t, err := trend.Through(points, ages-1)
		how := fmt.Sprintf("by the medians of the thirds of %d lives, which are %s usually", len(all), strings.Join(byAge, ", "))
		m.judge(f, "flat from process to process, at the same age: ", t, err, how, covered(points))
	}
}

// lessAge are the medians of all parts of all lives, as if nothing were owed to age, and
// what is usual in each part in words.
func (m *measure) lessAge(all []life) (points []trend.Sample, byAge []string) {
	level := 0.0
	for age := range ages {
		var same []trend.Sample
		usual := 0.0
		for i := range all {
			part := all[i][age]
			if len(part) == 0 {
				continue
			}
			var values []float64
			for _, r := range part {
				values = append(values, m.value(r))
			}
			same = append(same, trend.Sample{At: part[len(part)/2].At, Value: trend.Median(values)})
			usual += same[len(same)-1].Value
		}
		usual /= float64(max(len(same), 1))
		level += usual / ages
		for _, p := range same {
			points = append(points, trend.Sample{At: p.At, Value: p.Value - usual})
		}
		byAge = append(byAge, m.write(usual))
	}
	for i := range points {
		points[i].Value += level
	}
	return points, byAge
}

// covered is the time from the earliest to the latest.
func covered(samples []trend.Sample) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	byTime := func(a, b trend.Sample) int { return cmp.Compare(a.At, b.At) }
	return slices.MaxFunc(samples, byTime).At - slices.MinFunc(samples, byTime).At
}
