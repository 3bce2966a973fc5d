package report

import (
	"math"
	"strconv"
	"time"
)

// digits writes v with three significant digits, and never with an exponent.
func digits(v float64) string {
	a := math.Abs(v)
	switch {
	case a >= 99.95 || a == 0:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// Count writes a number of things: 789, 45.6 K, 1.23 M.
func Count(v float64) string {
	switch a := math.Abs(v); {
	case a >= 999.5e6:
		return digits(v/1e9) + " G"
	case a >= 999.5e3:
		return digits(v/1e6) + " M"
	case a >= 9995:
		return digits(v/1e3) + " K"
	case v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return digits(v)
}

// Whole writes every digit of a number, in groups of three.
func Whole(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Bytes writes an amount of memory: 789 B, 45.6 KiB, 1.23 MiB.
func Bytes(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for math.Abs(v) >= 999.5 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return strconv.FormatFloat(v, 'f', 0, 64) + " B"
	}
	return digits(v) + " " + units[i]
}

// Duration writes a time with its unit: 85.2 µs, 1.23 ms, 2.00 s.
func Duration(d time.Duration) string {
	switch v := float64(d); {
	case v >= 999.5e6:
		return digits(v/1e9) + " s"
	case v >= 999.5e3:
		return digits(v/1e6) + " ms"
	case v == 0:
		return "0 s"
	default:
		return digits(v/1e3) + " µs"
	}
}

// String writes the figure with its unit, memory in the unit that fits it.
func (f Figure) String() string {
	switch f.Unit {
	case "B":
		return Bytes(f.Value)
	case "ms":
		return Duration(time.Duration(f.Value * float64(time.Millisecond)))
	case "s":
		return Duration(time.Duration(f.Value * float64(time.Second)))
	case "/s":
		return Count(f.Value) + "/s"
	case "":
		return digits(f.Value)
	}
	return Count(f.Value) + " " + f.Unit
}
