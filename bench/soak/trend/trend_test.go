package trend

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// series is half an hour of a value with a saw tooth of a tenth in each of six
// rounds, noise, and a growth of so much of 100 in an hour.
func series(growth float64, seed uint64) []Sample {
	r := rand.New(rand.NewPCG(seed, 0))
	var list []Sample
	for i := range 900 {
		at := time.Duration(i) * 2 * time.Second
		tooth := float64(i%150) / 15
		list = append(list, Sample{at, 100 + tooth + 2*r.NormFloat64() + growth*at.Hours()})
	}
	return list
}

func TestTrend(t *testing.T) {
	f := func(growth float64, grows bool) {
		t.Helper()
		wrong := 0
		for seed := range uint64(200) {
			got, err := Of(series(growth, seed), 6)
			if err != nil {
				t.Fatal(err)
			}
			if got.Grows(0.02) != grows {
				wrong++
			}
		}
		if wrong > 10 { // one in a hundred is what the confidence allows for
			t.Errorf("growth by %v an hour: %d of 200 series were judged otherwise than %v", growth, wrong, grows)
		}
	}
	f(0, false)
	f(-20, false)
	f(20, true)
}

func TestTrendOfALine(t *testing.T) {
	got, err := Of([]Sample{{0, 1}, {time.Hour, 3}, {2 * time.Hour, 5}, {3 * time.Hour, 7}}, 4)
	if err != nil || math.Abs(got.PerHour-2/0.75) > 1e-9 || got.Mean != 4 || got.Error > 1e-9 || got.Count != 4 {
		t.Errorf("got %+v, %v; want 2 in each of the spans of three quarters of an hour", got, err)
	}
	if !got.Grows(0.5) || got.Grows(0.7) {
		t.Errorf("%+v grows by two thirds of its mean in an hour, without any doubt", got)
	}
}

// Values from which means were taken tell less than they seem to.
func TestThrough(t *testing.T) {
	values := []Sample{{0, 1}, {time.Hour, 2}, {2 * time.Hour, 2}, {3 * time.Hour, 3}, {4 * time.Hour, 4}, {5 * time.Hour, 4}}
	free, err := Through(values, 0)
	spent, failed := Through(values, 2)
	if err != nil || failed != nil || free.PerHour != spent.PerHour || free.Count != 6 || math.Abs(spent.Error/free.Error-6.965/3.747*math.Sqrt2) > 1e-9 {
		t.Errorf("%+v, %v; less what was spent, %+v, %v", free, err, spent, failed)
	}
	if _, err := Through(values, 3); err == nil {
		t.Error("three values are a trend")
	}
}

func TestTooFew(t *testing.T) {
	f := func(samples []Sample, spans int) {
		t.Helper()
		if got, err := Of(samples, spans); err == nil {
			t.Errorf("got %+v from %d samples in %d spans", got, len(samples), spans)
		}
	}
	f(nil, 4)
	f(make([]Sample, 100), 3)
	f([]Sample{{0, 1}, {1, 1}, {2, 1}, {time.Hour, 1}}, 4)
}
