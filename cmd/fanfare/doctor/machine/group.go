package machine

import (
	"io/fs"
	"math"
	"path"
	"strings"
)

// Group is the least that the process's cgroup and those above it give, of
// version 2 or 1. NoLimit is none.
type Group struct {
	MemoryMax  Fact[int64]   `json:"memory_max"`  // bytes: beyond them the process is killed
	MemoryHigh Fact[int64]   `json:"memory_high"` // bytes: beyond them it is slowed down; version 2 only
	Tasks      Fact[int64]   `json:"pids_max"`    // threads
	CPUs       Fact[float64] `json:"cpu_quota"`   // processors' time; 0 is no limit
	Throttled  Fact[float64] `json:"throttled"`   // of the periods so far, those in which the quota was used up: 0 to 1
}

// NoLimit stands for no limit. Version 1 writes numbers near 2^63 for it, and
// those count as well.
const NoLimit = math.MaxInt64

// limitless is where version 1's "no limit", which is a whole number of pages,
// begins.
const limitless = 1 << 62

// maxPath is the longest path that Linux takes.
const maxPath = 4096

// place is where one controller of the process's group is looked for.
type place struct{ mount, group string }

func readGroup(root fs.FS, pid string) Group {
	s, err := text(root, path.Join("proc", pid, "cgroup"))
	if err != nil {
		return Group{unknown[int64](err), unknown[int64](err), unknown[int64](err), unknown[float64](err), unknown[float64](err)}
	}
	memory, tasks, cpu := places(s, "memory"), places(s, "pids"), places(s, "cpu")
	return Group{
		MemoryMax:  known(min(least(root, memory.two, "memory.max"), least(root, memory.one, "memory.limit_in_bytes"))),
		MemoryHigh: known(least(root, memory.two, "memory.high")),
		Tasks:      known(min(least(root, tasks.two, "pids.max"), least(root, tasks.one, "pids.max"))),
		CPUs:       known(quota(root, cpu)),
		Throttled:  known(max(throttled(root, cpu.two), throttled(root, cpu.one))),
	}
}

// hierarchies are where a controller is in either version; a machine may have both.
type hierarchies struct{ one, two *place }

// places finds the lines "hierarchy:controllers:path" of a controller.
func places(cgroup, controller string) (h hierarchies) {
	for line := range strings.Lines(cgroup) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) < 3 || len(parts[2]) > maxPath:
		case parts[0] == "0":
			h.two = &place{"sys/fs/cgroup", parts[2]}
		case strings.Contains(","+parts[1]+",", ","+controller+","):
			h.one = &place{path.Join("sys/fs/cgroup", controller), parts[2]}
		}
	}
	return h
}

// each visits the group and those above it. In a container the path may be the
// host's; then only the top is there.
func (p *place) each(visit func(folder string)) {
	if p == nil {
		return
	}
	for group := path.Clean("/" + p.group); ; group = path.Dir(group) {
		visit(path.Join(p.mount, group))
		if group == "/" {
			return
		}
	}
}

// least is the least limit in a file of that name; what is absent is no limit.
func least(root fs.FS, p *place, file string) int64 {
	limit := int64(NoLimit)
	p.each(func(folder string) {
		s, err := text(root, path.Join(folder, file))
		if err != nil {
			return
		}
		if n, err := limitNumber(s); err == nil && n < limitless {
			limit = min(limit, n)
		}
	})
	return limit
}

// quota is the processors' time of "QUOTA PERIOD" in version 2 and of two files in
// version 1; 0 is no limit.
func quota(root fs.FS, h hierarchies) float64 {
	least := math.Inf(1)
	take := func(quota, period string) {
		q, errQ := parseNumber(quota)
		p, errP := parseNumber(period)
		if errQ == nil && errP == nil && q > 0 && p > 0 {
			least = min(least, float64(q)/float64(p))
		}
	}
	h.two.each(func(folder string) {
		s, err := text(root, path.Join(folder, "cpu.max"))
		if fields := strings.Fields(s); err == nil && len(fields) == 2 {
			take(fields[0], fields[1])
		}
	})
	h.one.each(func(folder string) {
		q, _ := text(root, path.Join(folder, "cpu.cfs_quota_us")) // what is absent is no number
		p, _ := text(root, path.Join(folder, "cpu.cfs_period_us"))
		take(q, p)
	})
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// throttled is the part of the periods in which the group itself was stopped.
func throttled(root fs.FS, p *place) float64 {
	if p == nil {
		return 0
	}
	s, err := text(root, path.Join(p.mount, path.Clean("/"+p.group), "cpu.stat"))
	if err != nil {
		return 0
	}
	values := keyed(s)
	if values["nr_periods"] <= 0 {
		return 0
	}
	return min(float64(values["nr_throttled"])/float64(values["nr_periods"]), 1)
}

// keyed reads lines "key number"; others are left out.
func keyed(s string) map[string]int64 {
	values := make(map[string]int64)
	for line := range strings.Lines(s) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if n, err := parseNumber(fields[1]); err == nil {
			values[strings.TrimSuffix(fields[0], ":")] = n
		}
	}
	return values
}
