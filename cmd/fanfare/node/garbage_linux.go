package node

import (
	"runtime/debug"
	"sync"
)

// spared is that no garbage is collected while clients hear nothing: what is allocated
// then is about what the state takes, and would have the collector run once or twice
// just when every millisecond counts. Near a memory limit (GOMEMLIMIT) it runs all the
// same.
var spared struct {
	mu      sync.Mutex
	times   int // guarded by mu: that it is asked for; tests have two nodes in a process
	percent int // guarded by mu: GOGC before
}

// spareCollection begins it, and resumeCollection ends it, as often as it was begun.
func spareCollection() {
	spared.mu.Lock()
	defer spared.mu.Unlock()
	if spared.times++; spared.times == 1 {
		spared.percent = debug.SetGCPercent(-1)
	}
}

func resumeCollection() {
	spared.mu.Lock()
	defer spared.mu.Unlock()
	if spared.times--; spared.times == 0 {
		debug.SetGCPercent(spared.percent)
	}
}
