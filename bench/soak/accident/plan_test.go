package accident

import (
	"reflect"
	"testing"
	"time"
)

func everything(Kind) bool { return true }

func TestPlan(t *testing.T) {
	const cycles, cycle, upgrade = 12, 90 * time.Second, 5 * time.Minute
	list := Plan(cycles, cycle, upgrade, 1, everything)
	times, end := map[Kind]int{}, time.Duration(0)
	for i, p := range list {
		times[p.Kind]++
		end = max(end, p.At+p.Long)
		if i > 0 && p.At < list[i-1].At || p.At < 0 {
			t.Errorf("%+v is planned after %+v", p, list[max(i-1, 0)])
		}
		if p.Kind == Drain && p.At > cycles/3*cycle {
			t.Errorf("%+v: all but the first third are one process' own", p)
		}
	}
	for _, a := range acts {
		want := cycles
		if a.kind == Drain {
			want = 4
		}
		if times[a.kind] != want {
			t.Errorf("%s comes %d times, want %d", a.kind, times[a.kind], want)
		}
	}
	if times[Upgrade] != 3 {
		t.Errorf("%d upgrades in 18 minutes, want one every 5", times[Upgrade])
	}
	if end > cycles*cycle {
		t.Errorf("the last fault ends at %v", end)
	}
	if !reflect.DeepEqual(list, Plan(cycles, cycle, upgrade, 1, everything)) || reflect.DeepEqual(list, Plan(cycles, cycle, upgrade, 2, everything)) {
		t.Error("a seed must have one plan of its own")
	}
}

// Commands that edit the apps read the configuration, and a drain must find what
// slow clients were dropped counted already. A new process must find a configuration that
// it can read, and nobody can take the place of a server that goes.
func TestFaultsThatExcludeEachOther(t *testing.T) {
	for seed := range uint64(200) {
		list := Plan(3, 20*time.Second, 500*time.Millisecond, seed, everything)
		for _, a := range list {
			for _, b := range list {
				apart := a.At+a.Long <= b.At || b.At+b.Long <= a.At
				if (a.Kind == Disable || a.Kind == Upgrade) && b.Kind == BrokenFile && !apart || a.Kind == Drain && b.Kind != Drain && !apart {
					t.Fatalf("seed %d: %+v and %+v at the same time", seed, a, b)
				}
			}
		}
	}
}

func TestPlanOfTheShortest(t *testing.T) {
	times := map[Kind]int{}
	for _, p := range Plan(1, 20*time.Second, 20*time.Second/3, 1, func(k Kind) bool { return k != LowRate }) {
		times[p.Kind]++
	}
	if times[Upgrade] != 2 {
		t.Errorf("%d upgrades, want 2", times[Upgrade])
	}
	for _, a := range acts {
		if want := 1; a.kind != LowRate && times[a.kind] != want || a.kind == LowRate && times[a.kind] != 0 {
			t.Errorf("%s comes %d times", a.kind, times[a.kind])
		}
	}
}
