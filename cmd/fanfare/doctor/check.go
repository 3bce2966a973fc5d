package doctor

import "fanfare/cmd/fanfare/doctor/machine"

// Names of checks that are more than a line of the report.
const (
	checkDescriptors = "descriptors (nofile)"
	checkMemory      = "memory"
	checkTasks       = "threads (pids.max)"
	checkPorts       = "local port range"
	checkEvents      = "net.ipv4.tcp_mem"
)

// sparedTasks are threads beside those of the loops.
const sparedTasks = 64

// check judges one thing. The machine is read already, so checks do nothing else.
type check func(m *machine.Machine, n *Need) Finding

// checks are all, in the order of the report: what ends connections comes first.
var checks = []check{
	descriptors, largestLimit, systemFiles, epollWatches, memory, commitment, tracking, tasks,
	backlog, cookies, eventMemory, socketBuffers, unsent, ports, control,
	processors, stealing, frequency, clock, cards, ring, hugePages, swap,
}

// judge runs all checks.
func judge(m *machine.Machine, n *Need) []Finding {
	found := make([]Finding, len(checks))
	for i, c := range checks {
		found[i] = c(m, n)
	}
	return found
}
