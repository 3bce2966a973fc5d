package report

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

// sampleResult is a run of a fan-out as it might have been: ten seconds, and a
// server that is slower by a factor.
func sampleResult(slower float64) *scenario.Result {
	r := &scenario.Result{
		Scenario: "fanout", Unit: "deliveries",
		Wall: 9*time.Second + 200*time.Millisecond, LoadCPU: 5 * time.Second,
		Servers: []scenario.Usage{{Process: 4242, CPU: 8 * time.Second, Before: 12 << 20, Held: 20 << 20, After: 13 << 20}},
		Latency: hdrhistogram.New(1, int64(time.Minute), 3),
		Figures: []scenario.Figure{{Name: "ping p99, idle", Value: 0.21, Unit: "ms"}, {Name: "publishes", Value: 12.5e3, Unit: "/s"}},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		took := slower * float64(400*time.Microsecond) * math.Exp(random.NormFloat64()/2)
		_ = r.Latency.RecordValue(int64(took))
	}
	for begin := time.Duration(0); begin < r.Wall; begin += time.Second {
		end := min(begin+time.Second, r.Wall)
		done := uint64(float64(1_000_000+random.IntN(100_000)) / slower * (end - begin).Seconds())
		p99 := slower * float64(1100+random.IntN(300)) * float64(time.Microsecond)
		r.Series = append(r.Series, scenario.Point{End: end, Done: done, P50: 400 * time.Microsecond, P99: time.Duration(p99)})
		r.Done += done
	}
	r.Counts = loadgen.Counts{Delivered: r.Done}
	return r
}

// sampleDocument is a sampleResult on a machine that stays the same.
func sampleDocument(slower float64) *Document {
	d := New(sampleResult(slower), 8000)
	d.Started = time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)
	d.Target = Target{URL: "ws://127.0.0.1:6001/app/app-key", AppID: "app-id"}
	d.Parameters = map[string]string{"connections": "8000", "outstanding": "1", "frame-bytes": "200", "duration": "10s", "in-flight": "256", "rate": "0"}
	d.Conditions = Conditions{
		Version: "v1.2.3", Commit: "abc", Go: "go1.26.8", OS: "linux", Arch: "amd64", Kernel: "6.18.0", CPU: "a CPU", Cores: 2, LoadCores: 1,
		Memory: 24 << 30, NoFile: 20000, LoadBefore: []float64{0.1, 0.2, 0.3}, LoadAfter: []float64{1, 0.5, 0.4}, Connections: 8000,
	}
	return d
}
