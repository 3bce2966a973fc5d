package report

import (
	"runtime"
	"testing"
)

func TestGather(t *testing.T) {
	c := Gather("v1", "abc", 1000)
	if c.Kernel == "" || c.CPU == "" || c.Memory <= 0 || c.Cores < c.LoadCores || c.LoadCores != runtime.NumCPU() || len(c.LoadBefore) != 3 {
		t.Errorf("conditions are not complete: %+v", c)
	}
	if c.Version != "v1" || c.Commit != "abc" || c.NoFile != 1000 || c.OS != "linux" {
		t.Errorf("conditions differ from what was told: %+v", c)
	}
}
