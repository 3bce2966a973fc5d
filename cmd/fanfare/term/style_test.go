package term

import (
	"bytes"
	"os"
	"testing"
)

func noVariables(string) string { return "" }

func TestColoursOnlyOnTerminals(t *testing.T) {
	if s := StyleOf(new(bytes.Buffer), noVariables); s.Colours {
		t.Error("a buffer is painted")
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if s := StyleOf(null, noVariables); s.Colours {
		t.Error("/dev/null is painted")
	}
	if got := (Style{Colours: true}).Bold("x"); got != "\x1b[1mx\x1b[0m" {
		t.Errorf("bold: %q", got)
	}
}

func TestShellQuote(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := ShellQuote(text); got != want {
			t.Errorf("ShellQuote(%q) = %s, want %s", text, got, want)
		}
	}
	f("bin/fanfare", "bin/fanfare")
	f("", "''")
	f("a b", "'a b'")
	f("it's", `'it'\''s'`)
	f("$HOME", "'$HOME'")
}
