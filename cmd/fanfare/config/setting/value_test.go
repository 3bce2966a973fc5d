package setting

import "testing"

func TestBytes(t *testing.T) {
	f := func(text string, want Bytes, back string) {
		t.Helper()
		got, err := parseBytes(text)
		if err != nil || got != want || got.String() != back {
			t.Errorf("parseBytes(%q) = %d, %v, written %q; want %d, written %q", text, got, err, got, want, back)
		}
	}
	f("0", 0, "0")
	f("1", 1, "1")
	f("65536", 65536, "64KiB")
	f("64KiB", 65536, "64KiB")
	f("64 KiB", 65536, "64KiB")
	f("100KB", 100_000, "100KB")
	f("1MB", 1_000_000, "1MB")
	f("1024000", 1_024_000, "1000KiB")
	f("7B", 7, "7")
	f("3GiB", 3<<30, "3GiB")
	f("8191PiB", 8191<<50, "8191PiB")
	for _, bad := range []string{"", "KiB", "-1", "1.5MiB", "1kib", "8192PiB", "9223372036854775808", "1 K"} {
		if got, err := parseBytes(bad); err == nil {
			t.Errorf("parseBytes(%q) = %d, want an error", bad, got)
		}
	}
}

func TestSeconds(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		d, err := parseSeconds(text)
		if err != nil || formatSeconds(d) != want {
			t.Errorf("parseSeconds(%q) = %v, %v; want %s s", text, d, err, want)
		}
	}
	f("0", "0")
	f("30", "30")
	f("0.25", "0.25")
	f("1m30s", "90")
	f("500ms", "0.5")
	for _, bad := range []string{"", "-1", "-1s", "NaN", "Inf", "1e99", "1 day"} {
		if d, err := parseSeconds(bad); err == nil {
			t.Errorf("parseSeconds(%q) = %v, want an error", bad, d)
		}
	}
}
