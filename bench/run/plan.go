//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/bench/report"
)

// sizes are how much a run does.
type sizes struct {
	subscribers int // of most fan-outs
	many        int // connections of what takes many
	most        int // that fit under a descriptor limit of 20,000
	duration    time.Duration
	settle      time.Duration // from the last subscription or leave to the memory's reading: the server tidies up after a second or two of calm
	hold        time.Duration // of idle connections; 0 is 5 s more than their activity_timeout
	by          int           // what everything was divided by
}

// standard takes 20 minutes in three rounds.
var standard = sizes{subscribers: 8000, many: 15_000, most: 19_000, duration: 3 * time.Second, settle: 5 * time.Second, by: 1}

// divided makes all numbers of connections smaller.
func (z sizes) divided(by int) sizes {
	z.by = by
	z.subscribers, z.many, z.most = z.part(z.subscribers), z.part(z.many), z.part(z.most)
	if by > 1 {
		z.settle = min(z.settle, z.duration/10)
	}
	return z
}

// part is a number of connections, divided.
func (z sizes) part(n int) int { return max(n/z.by, 2) }

// frameBytes is the size of most frames on the wire.
const frameBytes = 200

// plan lists what is measured, with the numbers to hold.
func (z sizes) plan() []measurement {
	return slices.Concat(z.fanout(), z.scale(), z.latency(), z.connections(), z.publishing(), z.presence(), z.idle(), z.slow(), z.tls())
}

// choose lists what the command line wants of it.
func (o *options) choose() ([]measurement, error) {
	var list []measurement
	var ids []string
	for _, m := range o.sizes.plan() {
		ids = append(ids, m.id)
		if o.scenario.MatchString(m.id) {
			m.times = rounds(m.times.of(o.rounds))
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("-scenario %q matches none of %s", o.scenario, strings.Join(ids, ", "))
	}
	return list, nil
}

// The programs that most trials are against.
var (
	fanfare = program{}
	least   = program{limit: 1}
)

// with is what most rows are compared with.
const with = "the limit"

// some writes "8,000 subscribers".
func some(n int, what string) string { return report.Whole(uint64(n)) + " " + what }
