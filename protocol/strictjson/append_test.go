package strictjson

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestAppendString(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got := string(AppendString(nil, in))
		if got != want {
			t.Errorf("AppendString(%q) = %s, want %s", in, got, want)
		}
		var back string
		if err := json.Unmarshal([]byte(got), &back); err != nil || back != in {
			t.Errorf("%s reads as %q (%v), want %q", got, back, err, in)
		}
	}
	f("", `""`)
	f("plain", `"plain"`)
	f(`a"b\c/d`, `"a\"b\\c/d"`)
	f("\n\r\t\b\f\x00\x1f", `"\n\r\t\u0008\u000c\u0000\u001f"`)
	f("\x7f é 😀 \u2028 <&>", "\"\x7f é 😀 \u2028 <&>\"")
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "x", "\"\\\x00\x1f\x7f", "é😀\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		var p Parser
		v, err := p.Parse(AppendString(nil, s))
		if err != nil {
			t.Fatal(err)
		}
		if back, ok := String(v); !ok || back != s {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}
