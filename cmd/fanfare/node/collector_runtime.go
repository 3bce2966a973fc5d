//go:build unix

package node

import (
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// runtimeNames are what the Go runtime tells beside the collector's usual: how long
// collections of garbage stop it, how long what could run waits for a CPU, what
// garbage costs, and waiting for locks.
var runtimeNames = regexp.MustCompile(`^/(sched/latencies|sched/pauses/total/gc|gc/heap/live|cpu/classes/gc/total|cpu/classes/total|sync/mutex/wait/total):`)

// runtimeCollectors are the metrics that begin with go_ and process_.
func runtimeCollectors() []prometheus.Collector {
	return []prometheus.Collector{
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: runtimeNames})),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}
}
