package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strings"
)

// Process is what a process may take.
type Process struct {
	Open     Fact[Limit] `json:"nofile"`
	Affinity Fact[int]   `json:"affinity"` // processors that it may run on
}

// Limit is a resource limit. The server raises the soft one to the hard one
// itself, so that only the hard one counts.
type Limit struct {
	Soft int64 `json:"soft"`
	Hard int64 `json:"hard"`
}

func readProcess(root fs.FS, pid string) Process {
	return Process{Open: openLimit(root, pid), Affinity: affinity(root, pid)}
}

// openLimit reads the line "Max open files  SOFT  HARD  files".
func openLimit(root fs.FS, pid string) Fact[Limit] {
	name := path.Join("proc", pid, "limits")
	s, err := text(root, name)
	if err != nil {
		return unknown[Limit](err)
	}
	for line := range strings.Lines(s) {
		rest, ok := strings.CutPrefix(line, "Max open files")
		if !ok {
			continue
		}
		l, err := parseLimit(strings.Fields(rest))
		if err != nil {
			return unknown[Limit](fmt.Errorf("/%s: %w", name, err))
		}
		return known(l)
	}
	return unknown[Limit](fmt.Errorf("/%s: has no line Max open files", name))
}

func parseLimit(fields []string) (l Limit, err error) {
	if len(fields) < 2 {
		return l, errors.New("the limit of open files has no two numbers")
	}
	if l.Soft, err = limitNumber(fields[0]); err != nil {
		return l, err
	}
	l.Hard, err = limitNumber(fields[1])
	return l, err
}

// limitNumber reads a number or one of the words for none.
func limitNumber(s string) (int64, error) {
	switch s {
	case "unlimited", "infinity", "max":
		return math.MaxInt64, nil
	}
	return parseNumber(s)
}

func affinity(root fs.FS, pid string) Fact[int] {
	name := path.Join("proc", pid, "status")
	s, err := text(root, name)
	if err != nil {
		return unknown[int](err)
	}
	for line := range strings.Lines(s) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return counted(name, strings.TrimSpace(list))
		}
	}
	return unknown[int](fmt.Errorf("/%s: has no Cpus_allowed_list", name))
}

func counted(name, list string) Fact[int] {
	n, err := cpuCount(list)
	if err != nil {
		return unknown[int](fmt.Errorf("/%s: %w", name, err))
	}
	return known(n)
}
