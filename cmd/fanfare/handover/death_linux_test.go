package handover

import (
	"math"
	"os"
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	p := started(t, "live")
	w, err := Watching(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if w.Died(10 * time.Millisecond) {
		t.Error("a process that lives has died")
	}
	if err := p.cmd.Process.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	if !w.Died(soon) || !w.Died(0) {
		t.Error("a process that was killed lives")
	}
	if _, err := Watching(math.MaxInt32); err == nil {
		t.Error("nobody is watched")
	}
	var nobody *Watch
	if nobody.Died(soon) {
		t.Error("nobody has died")
	}
	nobody.Close()
}
