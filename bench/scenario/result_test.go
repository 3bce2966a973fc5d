package scenario

import (
	"testing"
	"time"
)

func TestResultFigures(t *testing.T) {
	r := Result{Done: 1000, Servers: []Usage{
		{CPU: 300 * time.Millisecond, Before: 1 << 20, Held: 1<<20 + 500_000, After: 1<<20 + 20_000},
		{CPU: 200 * time.Millisecond, Before: 1 << 20, Held: 1<<20 + 200_000, After: 1 << 20},
	}}
	if r.PerCPUSecond() != 2000 || r.BytesEach() != 700 || r.BytesLeft() != 20 {
		t.Errorf("%v per CPU-second, %v bytes each, %v left", r.PerCPUSecond(), r.BytesEach(), r.BytesLeft())
	}
}
