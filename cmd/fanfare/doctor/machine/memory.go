package machine

import (
	"fmt"
	"io/fs"
	"math"
)

// Memory is the machine's, in bytes, and how it is dealt with.
type Memory struct {
	Total      Fact[int64]  `json:"total"`
	Available  Fact[int64]  `json:"available"` // what programs could have without swapping
	Swap       Fact[int64]  `json:"swap"`
	Limit      Fact[int64]  `json:"commit_limit"` // of all promised memory, where Overcommit is 2
	Promised   Fact[int64]  `json:"committed"`
	Overcommit Fact[int64]  `json:"overcommit_memory"`
	Huge       Fact[string] `json:"transparent_hugepage"`
	HugeFill   Fact[int64]  `json:"max_ptes_none"` // pages of 512 that may be empty where a huge one is made
}

func readMemory(root fs.FS) Memory {
	const file, huge = "proc/meminfo", "sys/kernel/mm/transparent_hugepage/"
	s, err := text(root, file)
	values := keyed(s)
	field := func(key string) Fact[int64] {
		n, ok := values[key]
		switch {
		case err != nil:
			return unknown[int64](err)
		case !ok || n > math.MaxInt64>>10:
			return unknown[int64](fmt.Errorf("/%s: has no size %s", file, key))
		}
		return known(n << 10)
	}
	return Memory{
		Total: field("MemTotal"), Available: field("MemAvailable"), Swap: field("SwapTotal"),
		Limit: field("CommitLimit"), Promised: field("Committed_AS"),
		Overcommit: number(root, sysctl("vm.overcommit_memory")),
		Huge:       chosen(root, huge+"enabled"),
		HugeFill:   number(root, huge+"khugepaged/max_ptes_none"),
	}
}
