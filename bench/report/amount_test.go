package report

import (
	"testing"
	"time"
)

func TestAmounts(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(Count(0), "0")
	f(Count(0.5), "0.500")
	f(Count(7.25), "7.25")
	f(Count(999), "999")
	f(Count(9994), "9994")
	f(Count(9995), "10.0 K")
	f(Count(999_499), "999 K")
	f(Count(999_500), "1.00 M")
	f(Count(1_234_567), "1.23 M")
	f(Count(2e9), "2.00 G")

	f(Whole(0), "0")
	f(Whole(999), "999")
	f(Whole(1000), "1,000")
	f(Whole(1_234_567), "1,234,567")

	f(Bytes(780), "780 B")
	f(Bytes(-131), "-131 B")
	f(Bytes(1024), "1.00 KiB")
	f(Bytes(1000<<10), "0.977 MiB")
	f(Bytes(12<<20), "12.0 MiB")

	f(Duration(0), "0 s")
	f(Duration(500), "0.500 µs")
	f(Duration(85200), "85.2 µs")
	f(Duration(1234567), "1.23 ms")
	f(Duration(999_600_000), "1.00 s")
	f(Duration(90*time.Second), "90.0 s")

	f(Figure{Value: 780, Unit: "B"}.String(), "780 B")
	f(Figure{Value: 0.21, Unit: "ms"}.String(), "210 µs")
	f(Figure{Value: 1.5, Unit: "s"}.String(), "1.50 s")
	f(Figure{Value: 12500, Unit: "/s"}.String(), "12.5 K/s")
	f(Figure{Value: 0.177, Unit: "%"}.String(), "0.177 %")
	f(Figure{Value: 1.02}.String(), "1.02")
}
