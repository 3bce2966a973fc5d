package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// write logs into a buffer, which has all when it returns.
func write(t testing.TB, cfg Config, log func(*slog.Logger)) string {
	t.Helper()
	var b bytes.Buffer
	l, err := New(&b, cfg)
	if err != nil {
		t.Fatal(err)
	}
	log(l.Logger)
	l.Close()
	return b.String()
}

// hostile are words of peers that mean harm.
var hostile = []string{
	"a\nlevel=ERROR msg=forged",
	"a\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}",
	"\x1b[2J\x1b]0;title\x07\x1b[31mred",
	"\u009b31mred\u009d0;title\u009c",
	"line\u2028separator\u2029paragraph\u0085next",
	"user\u202egnp.exe\u202c \u2066isolated\u2069 \u200fmark",
	"zero\u200bwidth\ufeffjoined\u00ad",
	"tag\U000e0041\U0001f3f4 and a private one \U000f0000",
	"\x00\x01\x7f\b\t\v",
	"broken \xff\xfe \xc3( \xed\xa0\x80 \xf5\x80\x80\x80",
	`quotes " and \ and \u001b as it is`,
	"key=value another=\"one\"",
	"ordinary, ä漢字🎉",
}

// check has one line, and nothing in it that is not to be seen.
func check(t *testing.T, text string) {
	t.Helper()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("not one line: %q", text)
	}
	if !utf8.ValidString(text) {
		t.Errorf("not UTF-8: %q", text)
	}
	for _, r := range strings.TrimSuffix(text, "\n") {
		if !unicode.IsPrint(r) && r != utf8.RuneError {
			t.Errorf("%U in %q", r, text)
		}
	}
}

func TestNothingThatPeersSayBreaksALine(t *testing.T) {
	for _, word := range append(hostile, strings.Join(hostile, "")) {
		for _, asJSON := range []bool{false, true} {
			for _, log := range []func(*slog.Logger){
				func(l *slog.Logger) { l.Info("refused", "path", word) },
				func(l *slog.Logger) { l.Info("refused", "error", errors.New(word)) },
				func(l *slog.Logger) { l.Info("refused", "list", []string{word}) },
				func(l *slog.Logger) { l.Info("refused", "any", struct{ Word string }{word}) },
				func(l *slog.Logger) { l.Info("refused", slog.Group("of", "it", word)) },
				func(l *slog.Logger) { l.With("path", word).Info("refused") },
				func(l *slog.Logger) { l.Info(word) },
				func(l *slog.Logger) { l.Info("refused", word, "value") },
			} {
				check(t, write(t, Config{JSON: asJSON}, log))
			}
		}
	}
}

// A line of JSON says what was said.
func TestJSONKeepsWhatPeersSay(t *testing.T) {
	for _, word := range hostile {
		line := write(t, Config{JSON: true}, func(l *slog.Logger) { l.Info("refused", "path", word) })
		var got struct{ Path, Msg string }
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if want := strings.ToValidUTF8(word, "\ufffd"); utf8.ValidString(word) && got.Path != want || got.Msg != "refused" {
			t.Errorf("%q became %q", want, got.Path)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, word := range hostile {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		check(t, write(t, Config{}, func(l *slog.Logger) { l.Info(word, word, word, "error", errors.New(word)) }))
		line := write(t, Config{JSON: true}, func(l *slog.Logger) { l.Info(word, "path", word) })
		check(t, line)
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %q", line)
		}
	})
}

func TestLongValuesAreCut(t *testing.T) {
	for _, unit := range []string{"x", "ä", "漢", "🎉", "\x80"} {
		long := strings.Repeat(unit, (1<<20)/len(unit))
		for name, value := range map[string]any{"text": long, "error": errors.New(long)} {
			for _, asJSON := range []bool{false, true} {
				line := write(t, Config{JSON: asJSON}, func(l *slog.Logger) { l.Info("refused", name, value) })
				if most := 6*maxValue + 200; len(line) > most || !strings.Contains(line, " bytes more)") {
					t.Errorf("1 MiB of %q as %s: %d bytes, want %d at most and how many are missing", unit, name, len(line), most)
				}
				check(t, line)
			}
		}
	}
	short := strings.Repeat("y", maxValue)
	if line := write(t, Config{}, func(l *slog.Logger) { l.Info("refused", "text", short) }); !strings.Contains(line, "text="+short+"\n") {
		t.Error("8 KiB are cut")
	}
}

func TestLevelChangesWhileItLogs(t *testing.T) {
	var b bytes.Buffer
	l, err := New(&b, Config{})
	if err != nil {
		t.Fatal(err)
	}
	l.Debug("first")
	l.Level.Set(slog.LevelDebug)
	l.Debug("second")
	l.Close()
	if strings.Contains(b.String(), "first") || !strings.Contains(b.String(), "second") {
		t.Errorf("logged %q, want the second line alone", b.String())
	}
	if _, err := New(&b, Config{Level: "loud"}); err == nil {
		t.Error("a level that is none is taken")
	}
}
