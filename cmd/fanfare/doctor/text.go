package doctor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// number writes a count with commas; what is as good as no limit is said so.
func number(n int64) string {
	if n >= math.MaxInt64>>1 {
		return "no limit"
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// size writes bytes with three digits or four.
func size(n int64) string {
	if n >= math.MaxInt64>>1 {
		return "no limit"
	}
	v, unit := float64(n), "B"
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if v < 1024 {
			break
		}
		v, unit = v/1024, u
	}
	if v >= 100 || unit == "B" {
		return fmt.Sprintf("%.0f %s", v, unit)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

// rounded is a number to set: n or a little more, with few digits to read.
func rounded(n int64) int64 {
	step := int64(1)
	for n/step >= 1000 {
		step *= 10
	}
	return (n + step - 1) / step * step
}

// numbers joins the numbers of a setting as a file of sysctl.d has them.
func numbers(list []int64) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(words, " ")
}

// times multiplies sizes, and stops at the largest.
func times(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}
