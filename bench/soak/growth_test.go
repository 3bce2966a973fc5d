//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAgeless(t *testing.T) {
	f := func(perHour int, want verdict) {
		t.Helper()
		var got findings
		judgeAgeless(&got, readings(900, func(i int, r *reading) {
			r.Descriptors += i%30 + perHour*i/3600
			r.Generation = 1 + i/300
		}), 6)
		if len(got) != 1 || got[0].Verdict != want {
			t.Errorf("growing by %d descriptors an hour: %+v, want it %s", perHour, got, want)
		}
	}
	f(0, held)
	f(-100, held)
	f(100, failed)
	var got findings
	judgeAgeless(&got, readings(900, func(int, *reading) {}), 3)
	if got[0].Verdict != unjudged || got.err() != nil {
		t.Errorf("%+v: three cycles are too few", got)
	}
}

// A process takes more when it is older, and its successor less again. Only what successors have that their predecessors had not is
// growth.
func TestAging(t *testing.T) {
	const long = 5 * time.Minute
	f := func(fromOneToTheNext int64, want verdict) {
		t.Helper()
		list := readings(1500, func(i int, r *reading) {
			r.Generation = 7 + i/300
			r.Goroutines += max(0, 300-i%300*20)
			r.Resident += int64(i%300)*50_000 + int64(i%7)*10_000 + int64(i/300)*fromOneToTheNext
		})
		all := lives(list, long)
		var got findings
		judgeAging(&got, all)
		if len(all) != 4 || len(got) != 3 || got[0].Verdict != want || got[1].Verdict != held || got[2].Verdict != held {
			t.Errorf("growing by %d bytes from process to process: %d lives, %+v; want the first %s", fromOneToTheNext, len(all), got, want)
		}
		if usual := "42.4 MiB, 47.2 MiB, 51.9 MiB"; fromOneToTheNext == 0 && !strings.Contains(got[0].Detail, usual) {
			t.Errorf("%s: want %s by age", got[0].Detail, usual)
		}
	}
	f(0, held)
	f(-1<<20, held)
	f(1<<20, failed)
}

// Processes that were stopped early, and the first, are not compared.
func TestLives(t *testing.T) {
	births := []int{0, 300, 600, 700, 1000} // the third one was short
	list := readings(1400, func(i int, r *reading) {
		r.Generation, _ = slices.BinarySearch(births, i+1)
	})
	var got []int
	for _, l := range lives(list, 5*time.Minute) {
		got = append(got, l[0][0].Generation)
		if len(l[0]) != 100 || len(l[1]) != 100 || len(l[2]) < 100 {
			t.Errorf("process %d has %d, %d and %d readings in the thirds of its life", l[0][0].Generation, len(l[0]), len(l[1]), len(l[2]))
		}
	}
	if want := []int{2, 4, 5}; !slices.Equal(got, want) {
		t.Errorf("the lives of %v are compared, want %v", got, want)
	}
	var none findings
	judgeAging(&none, nil)
	if len(none) != 3 || none[0].Verdict != unjudged || none.err() != nil {
		t.Errorf("of nobody's life: %+v", none)
	}
}

// What is too noisy to be judged is no failure of a short soak, but one of a long
// one.
func TestNoise(t *testing.T) {
	f := func(seconds int, want verdict) {
		t.Helper()
		var got findings
		judgeAgeless(&got, readings(seconds, func(i int, r *reading) { r.Descriptors += i * 6 / seconds % 2 * 2000 }), 6)
		if got[0].Verdict != want {
			t.Errorf("noise for %d s: %+v, want %s", seconds, got[0], want)
		}
	}
	f(120, unjudged)
	f(900, failed)
}

// readings are one a second, of a server of 40 MiB and something.
func readings(n int, more func(i int, r *reading)) (list []reading) {
	for i := range n {
		list = append(list, reading{
			At: 15*time.Minute + time.Duration(i)*time.Second, Resident: 40 << 20, Heap: 10 << 20, Descriptors: 3000 + i%7, Goroutines: 40,
		})
		more(i, &list[i])
	}
	return list
}
