package node

import (
	"runtime/debug"
	"testing"
)

// The collector runs again when nobody wants it spared any more, as often as before.
func TestSpareCollection(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	percent := func() int {
		p := debug.SetGCPercent(-1)
		debug.SetGCPercent(p)
		return p
	}
	for _, step := range []struct {
		do   func()
		want int
	}{{spareCollection, -1}, {spareCollection, -1}, {resumeCollection, -1}, {resumeCollection, 77}, {spareCollection, -1}, {resumeCollection, 77}} {
		step.do()
		if got := percent(); got != step.want {
			t.Errorf("GOGC is %d, want %d", got, step.want)
		}
	}
}
