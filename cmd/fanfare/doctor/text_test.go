package doctor

import (
	"math"
	"testing"
)

func TestNumber(t *testing.T) {
	f := func(n int64, want string) {
		t.Helper()
		if got := number(n); got != want {
			t.Errorf("number(%d) = %s, want %s", n, got, want)
		}
	}
	f(0, "0")
	f(999, "999")
	f(1000, "1,000")
	f(-1000, "-1,000")
	f(-100, "-100")
	f(1048576, "1,048,576")
	f(math.MaxInt64, "no limit")
}

func TestSize(t *testing.T) {
	f := func(n int64, want string) {
		t.Helper()
		if got := size(n); got != want {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
	f(0, "0 B")
	f(1023, "1023 B")
	f(1024, "1.0 KiB")
	f(1<<30, "1.0 GiB")
	f(200<<30, "200 GiB")
	f(5000<<40, "5000 TiB")
	f(math.MaxInt64, "no limit")
}

func TestRounded(t *testing.T) {
	f := func(n, want int64) {
		t.Helper()
		if got := rounded(n); got != want {
			t.Errorf("rounded(%d) = %d, want %d", n, got, want)
		}
	}
	f(1, 1)
	f(999, 999)
	f(1001, 1010)
	f(1_000_526, 1_010_000)
	f(20_000_526, 20_100_000)
	if got := round2(4_360_000); got != 4_300_000 {
		t.Errorf("round2: %d", got)
	}
	if got := times(math.MaxInt64/2, 3); got != math.MaxInt64 {
		t.Errorf("times: %d", got)
	}
}
