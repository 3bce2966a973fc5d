package http1

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pairs(raw string) (got []string, err error) {
	err = VisitQuery([]byte(raw), func(key, value string) error {
		got = append(got, key+" "+value)
		return nil
	})
	return got, err
}

func TestVisitQuery(t *testing.T) {
	f := func(raw string, want ...string) {
		t.Helper()
		got, err := pairs(raw)
		if err != nil {
			t.Fatalf("VisitQuery(%q): %v", raw, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("VisitQuery(%q) (-want +got):\n%s", raw, diff)
		}
	}
	f("")
	f("&&")
	f("a", "a ")
	f("a=", "a ")
	f("=b", " b")
	f("=", " ")
	f("a=b&a=c&b=", "a b", "a c", "b ")
	f("&a=b&", "a b")
	f("a=b=c", "a b=c")
	f("a;b=c;d&e=f;g", "a;b c;d", "e f;g")
	f("a+b=c+d", "a b c d")
	f("%61%3D=%26%2b%25&x=%E2%82%ac", "a= &+%", "x €")
	f("channels=presence-a%2Cb", "channels presence-a,b")
}

func TestVisitQueryRefuses(t *testing.T) {
	f := func(raw, says string) {
		t.Helper()
		_, err := pairs(raw)
		wantError(t, err, 400, says)
	}
	f("a=%", `"%", which is no escape`)
	f("a=%4", `"%4"`)
	f("a=%zz", `"%zz"`)
	f("%g0=b", `"%g0"`)
	f("a=%%34", `"%%3"`)
	f("a=%4&1", `"%4"`)
	f("a=b&c=100%", `write a percent sign as "%25"`)
}

func TestVisitQueryStops(t *testing.T) {
	stop := errors.New("stop")
	visits := 0
	err := VisitQuery([]byte("a=1&b=2"), func(_, _ string) error {
		visits++
		return stop
	})
	if !errors.Is(err, stop) || visits != 1 {
		t.Errorf("error %v after %d visits", err, visits)
	}
}

func TestUnescapePath(t *testing.T) {
	f := func(raw, want string) {
		t.Helper()
		got, err := UnescapePath([]byte(raw))
		if err != nil || got != want {
			t.Errorf("UnescapePath(%q) = %q, %v, want %q", raw, got, err, want)
		}
	}
	f("", "")
	f("presence-a", "presence-a")
	f("a+b", "a+b")
	f("%61%2F%2b", "a/+")
	f("%00", "\x00")
	f("%E2%82%AC", "€")

	for _, raw := range []string{"%", "a%2", "%zz", "%2%46"} {
		_, err := UnescapePath([]byte(raw))
		wantError(t, err, 400, "%25")
	}
}

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "a+b%20c", "%", "%zz", "%61%2F;&=+", "a=b&c=%E2%82%AC"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		path, err := UnescapePath([]byte(raw))
		want, wantErr := url.PathUnescape(raw)
		if path != want || (err != nil) != (wantErr != nil) {
			t.Errorf("UnescapePath(%q) = %q, %v; net/url: %q, %v", raw, path, err, want, wantErr)
		}
		fuzzQuery(t, raw)
	})
}

// fuzzQuery compares with net/url, pair by pair, since that refuses semicolons and does not stop at errors.
func fuzzQuery(t *testing.T, raw string) {
	got, err := pairs(raw)
	values := 0
	for len(raw) > 0 {
		pair, rest, _ := strings.Cut(raw, "&")
		raw = rest
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		k, kErr := url.QueryUnescape(key)
		v, vErr := url.QueryUnescape(value)
		if kErr != nil || vErr != nil {
			if err == nil {
				t.Errorf("pair %q accepted, net/url: %v, %v", pair, kErr, vErr)
			}
			return
		}
		if values >= len(got) || got[values] != k+" "+v {
			t.Errorf("pair %q: got %q, want %q", pair, got, k+" "+v)
			return
		}
		values++
	}
	if err != nil || values != len(got) {
		t.Errorf("%d pairs and %v, net/url has %d", len(got), err, values)
	}
}
