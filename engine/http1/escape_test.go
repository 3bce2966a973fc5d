package http1

import (
	"net/url"
	"testing"
)

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

	refused := func(raw, says string) {
		t.Helper()
		_, err := UnescapePath([]byte(raw))
		wantError(t, err, 400, says)
	}
	refused("%", `"%", which is no escape`)
	refused("a%2", `"%2"`)
	refused("%zz", `"%zz"`)
	refused("%2%46", `"%2%"`)
	refused("%%34", `"%%3"`)
	refused("100%", `write a percent sign as "%25"`)
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
	})
}
