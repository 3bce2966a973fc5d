package report

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-analyze/charts/chartdraw"
)

// linearAxis goes from 0 to at least most, in some five steps of 1, 2 or 5.
func linearAxis(most float64, label func(float64) string) axis {
	if most <= 0 {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most/5)))
	for _, times := range []float64{1, 2, 5, 10} {
		if step*times >= most/6 {
			step *= times
			break
		}
	}
	var a axis
	for i := 0; ; i++ {
		v := round(float64(i) * step)
		a = append(a, chartdraw.Tick{Value: v, Label: label(v)})
		if v >= round(most) {
			return a
		}
	}
}

// roundCount writes a number that is round: 5 K, 1.2 M.
func roundCount(v float64) string {
	number, unit, _ := strings.Cut(Count(v), " ")
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	return strings.TrimSpace(number + " " + unit)
}

// round drops what binary fractions add: 3 * 0.05 is 0.15.
func round(v float64) float64 {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 9, 64), 64) // what was written so can be read
	return v
}

// secondsAxis ends where the run does.
func secondsAxis(end float64) axis {
	a := linearAxis(end, func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) })
	if last := len(a) - 1; a[last].Value > round(end) {
		a[last] = chartdraw.Tick{Value: end}
	}
	return a
}

// latencyAxis is logarithmic: its values are the tenner logarithms of
// nanoseconds. It goes in steps of 1, 2 and 5, or of 1 and 10 when those would
// be too many.
func latencyAxis(least, most time.Duration) axis {
	steps := []float64{1, 2, 5}
	if float64(most)/float64(max(least, 1)) > 1e4 {
		steps = []float64{1}
	}
	var a axis
	for decade := math.Pow(10, math.Floor(math.Log10(float64(max(least, 1))))); ; decade *= 10 {
		for _, times := range steps {
			v := decade * times
			if tick := (chartdraw.Tick{Value: math.Log10(v), Label: roundDuration(v)}); v <= float64(least) {
				a = axis{tick}
			} else {
				a = append(a, tick)
			}
			if v >= float64(most) && len(a) > 1 {
				return a
			}
		}
	}
}

// roundDuration writes nanoseconds that are round: 200 µs, 5 ms, 10 s.
func roundDuration(ns float64) string {
	write := func(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }
	switch {
	case ns == 0:
		return "0"
	case ns >= 0.9995e9:
		return write(ns/1e9) + " s"
	case ns >= 0.9995e6:
		return write(ns/1e6) + " ms"
	case ns >= 0.9995e3:
		return write(ns/1e3) + " µs"
	}
	return write(ns) + " ns"
}

// percentileAxis gives every nine the same room, as HDR histograms are drawn:
// its values are the nines.
func percentileAxis(most float64) axis {
	a := axis{{Value: 0, Label: "0 %"}, {Value: nines(50), Label: "50 %"}}
	for n := 1; float64(n) <= most || n <= 2; n++ {
		a = append(a, chartdraw.Tick{Value: float64(n), Label: ninesLabel(n)})
	}
	if last := a[len(a)-1].Value; most > last {
		a = append(a, chartdraw.Tick{Value: most})
	}
	return a
}

// ninesLabel is 90 %, 99 %, 99.9 %, and so on.
func ninesLabel(n int) string {
	if n == 1 {
		return "90 %"
	}
	return strings.TrimSuffix("99."+strings.Repeat("9", n-2), ".") + " %"
}

// nines is 1 for 90 %, 2 for 99 %, and so on.
func nines(percentile float64) float64 { return -math.Log10(1 - percentile/100) }

func tickAt(seconds float64) chartdraw.Tick {
	v := round(seconds)
	return chartdraw.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', -1, 64)}
}
