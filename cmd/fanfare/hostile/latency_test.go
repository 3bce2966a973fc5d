//go:build e2e

package hostile

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// latencies collects durations from many goroutines.
type latencies struct {
	mu   sync.Mutex
	list []time.Duration // guarded by mu
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, d)
}

// take gives what was collected since the last time.
func (l *latencies) take() figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := figuresOf(l.list)
	l.list = nil
	return f
}

// figures sums up some durations.
type figures struct {
	p50, p99, worst time.Duration
}

func figuresOf(list []time.Duration) figures {
	if len(list) == 0 {
		return figures{}
	}
	slices.Sort(list)
	return figures{p50: list[len(list)/2], p99: list[len(list)*99/100], worst: list[len(list)-1]}
}

// ms gives a duration in milliseconds, for tables.
func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }

// over is how many times the quiet p99 the p99 of f is.
func (f figures) over(quiet figures) float64 { return float64(f.p99) / float64(max(quiet.p99, 1)) }
