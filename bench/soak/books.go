//go:build linux

package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/soak/crowd"
)

// books are what the crowds have reported.
type books struct {
	mu        sync.Mutex // guards all below
	zero      time.Duration
	step      time.Duration                       // of the course
	overall   map[string]*crowd.Histogram         // by group
	course    map[string]map[int]*crowd.Histogram // by crowd, and step since the soak began
	endings   map[string][]crowd.Endings          // by crowd
	wrongs    []string                            // the first ones
	uncertain map[loadgen.Mark]bool
	counts    map[string]map[string]crowd.Counts // by crowd and group
}

func newBooks(step time.Duration) *books {
	return &books{
		step: step, overall: map[string]*crowd.Histogram{}, course: map[string]map[int]*crowd.Histogram{},
		endings: map[string][]crowd.Endings{}, uncertain: map[loadgen.Mark]bool{}, counts: map[string]map[string]crowd.Counts{},
	}
}

// begin has the course begin now.
func (b *books) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.zero = crowd.Now()
}

// hear takes a crowd's report.
func (b *books) hear(c *company, r crowd.Report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[c.name] = r.Groups
	b.endings[c.name] = append(b.endings[c.name], r.Endings...)
	for _, m := range r.Uncertain {
		b.uncertain[m] = true
	}
	const most = 200
	for _, w := range r.Wrongs {
		if len(b.wrongs) < most {
			b.wrongs = append(b.wrongs, fmt.Sprintf("%s: member %d: %s", w.Group, w.Member, w.Text))
		}
	}
	for group, h := range r.Latency {
		b.latencyLocked(c.name, group, r.At, h)
	}
}

func (b *books) latencyLocked(name, group string, at time.Duration, h crowd.Histogram) {
	if b.zero == 0 || at < b.zero {
		return
	}
	merge(b.overall, group, h)
	if b.course[name] == nil {
		b.course[name] = map[int]*crowd.Histogram{}
	}
	merge(b.course[name], int((at-b.zero)/b.step), h)
}

func merge[K comparable](into map[K]*crowd.Histogram, key K, h crowd.Histogram) {
	if into[key] == nil {
		into[key] = &crowd.Histogram{}
	}
	into[key].Merge(h)
}

// sum adds up the counts of some crowds; of all if none is named.
func (b *books) sum(names ...string) (all crowd.Counts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, groups := range b.counts {
		if names != nil && !slices.Contains(names, name) {
			continue
		}
		for _, c := range groups {
			all.Add(c)
		}
	}
	return all
}
