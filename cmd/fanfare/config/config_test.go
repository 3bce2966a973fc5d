package config

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
)

// TestSamples loads testdata/*.good.toml and *.bad.toml. Lines that begin with
// "#want " tell what is to come of a file: lines of --print-config, or all
// errors.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) < 10 {
		t.Fatalf("samples: %v, %v; want at least ten", files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want := wantLines(t, name)
			l, err := Load(Sources{File: name})
			if strings.HasSuffix(name, ".bad.toml") {
				checkErrors(t, err, want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkPrinted(t, l, want)
		})
	}
}

func wantLines(t *testing.T, name string) []string {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "#want "); ok {
			want = append(want, strings.TrimSpace(text))
		}
	}
	if len(want) == 0 {
		t.Fatalf("%s wants nothing", name)
	}
	return want
}

func checkErrors(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("loaded; want an error")
	}
	got := strings.Split(strings.ReplaceAll(err.Error(), "testdata/", ""), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func checkPrinted(t *testing.T, l *Loaded, want []string) {
	t.Helper()
	var out bytes.Buffer
	if err := l.Print(&out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		value, origin, _ := strings.Cut(line, " # ")
		if strings.TrimSpace(origin) == l.File {
			got = append(got, strings.TrimSpace(value))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values from the file (-want +got):\n%s", diff)
	}
}

// TestSettings holds every key to the rules of its table.
func TestSettings(t *testing.T) {
	names := make(map[string]bool)
	for _, k := range Keys() {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: its comment %q is no sentence", k.Env, k.Doc)
		}
		if k.Heading != "" && k.Intro == "" {
			t.Errorf("%s has no comment", k.Heading)
		}
		if names[k.Env] && k.Env != "" {
			t.Errorf("%s is the name of two keys", k.Env)
		}
		names[k.Env] = true
		if isForeign(k.Env, "1") {
			t.Errorf("%s would be taken for a variable of Kubernetes", k.Env)
		}
		if k.Kind == "bytes" && !strings.Contains(k.Doc, "Bytes") || k.Kind == "seconds" && !strings.Contains(k.Doc, "Seconds") {
			t.Errorf("%s: the comment %q does not name the unit", k.Env, k.Doc)
		}
	}
}

// TestDefaultsArriveInTheFields wants what is written as a default to be what
// the field holds: zero for a number's auto, the word itself for a text's.
func TestDefaultsArriveInTheFields(t *testing.T) {
	l, err := Load(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settingsOf(&l.Config) {
		want := s.defaultText("")
		if want == auto && s.kind() != "text" {
			want = "0"
		}
		if got := formatValue(s.field); got != want {
			t.Errorf("%s is %q by default, want %q", s.path, got, want)
		}
	}
}

// TestDefaults holds the defaults in config.go to those of the packages that
// they are for.
func TestDefaults(t *testing.T) {
	for _, preset := range []string{apps.PresetGenerous, apps.PresetPusher} {
		want := apps.Default()
		if err := want.ApplyPreset(preset); err != nil {
			t.Fatal(err)
		}
		l, err := Load(Sources{Env: []string{"FANFARE_APP_LIMITS=" + preset, EnvConfig + "=testdata/empty.txt"}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, l.Apps[0].record()); diff != "" {
			t.Errorf("app with limits = %q (-package apps +here):\n%s", preset, diff)
		}
	}
}

// TestRecordTakesEverything changes every key of an app, one at a time, and
// wants the server's record to change.
func TestRecordTakesEverything(t *testing.T) {
	for _, s := range settingsOf(&App{}) {
		if s.path == "limits" {
			continue // it says what the others default to
		}
		build := func(change bool) *apps.App {
			var app App
			for _, s2 := range settingsOf(&app) {
				s2.setDefault("")
				if change && s2.path == s.path {
					text := another(s2)
					if err := s2.set(text); err != nil {
						t.Fatalf("%s = %s: %v", s2.path, text, err)
					}
				}
			}
			return app.record()
		}
		if cmp.Equal(build(false), build(true)) {
			t.Errorf("%s has no effect on the app's record", s.path)
		}
	}
}

// TestWebhookRecordTakesEverything does the same for [[apps.webhooks]].
func TestWebhookRecordTakesEverything(t *testing.T) {
	for _, s := range settingsOf(&Webhook{}) {
		var w Webhook
		for _, s2 := range settingsOf(&w) {
			if s2.path == s.path {
				if err := s2.set(another(s2)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if cmp.Equal(w.record(), apps.Webhook{}) {
			t.Errorf("%s has no effect on the webhook's record", s.path)
		}
	}
}

// another gives a value that is not the setting's own.
func another(s setting) string {
	if choices := s.choices(); choices != nil {
		return choices[len(choices)-1]
	}
	if s.isBool() {
		return map[string]string{"true": "false", "false": "true"}[s.text()]
	}
	return map[string]string{"number": "7", "bytes": "2000", "seconds": "7", "list": "x.test", "text": "other", "table": `{"A":"b"}`}[s.kind()]
}

func TestSampleFileSaysTheDefaults(t *testing.T) {
	app := App{ID: "1", Key: "k", Secret: "s"}
	asIs := Sample(app)
	file := filepath.Join(t.TempDir(), "fanfare.toml")
	loadText := func(text string) *Loaded {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Load(Sources{File: file})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	plain := loadText(asIs)
	uncommented := loadText(strings.ReplaceAll(asIs, "#: ", ""))
	if diff := cmp.Diff(plain.Config, uncommented.Config); diff != "" {
		t.Errorf("the sample's comments are not the defaults (-default +comment):\n%s", diff)
	}
	if got, want := len(uncommented.origins), len(settingsOf(&Config{}))+len(settingsOf(&App{})); got != want {
		t.Errorf("the sample mentions %d keys of %d", got, want)
	}
}

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

// TestNamesOfOthersLeadToOurs checks that what the map promises exists.
func TestNamesOfOthersLeadToOurs(t *testing.T) {
	ours := slices.Concat(pathsOf(settingsOf(&Config{})), pathsOf(settingsOf(&App{})), pathsOf(settingsOf(&Webhook{})))
	for theirs, our := range elsewhere {
		if !slices.Contains(ours, our) || slices.Contains(ours, theirs) {
			t.Errorf("%s leads to %s: want one key that isn't ours and one that is", theirs, our)
		}
	}
}

func TestFieldDocsAreOfTheRightFields(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[Server](), reflect.TypeFor[Metrics](), reflect.TypeFor[Log](), reflect.TypeFor[Webhooks](),
		reflect.TypeFor[App](), reflect.TypeFor[Limit](), reflect.TypeFor[Slow](), reflect.TypeFor[Webhook](), reflect.TypeFor[Former](),
	} {
		for field := range typ.Fields() {
			name := typ.Name() + "." + field.Name
			if _, ok := fieldDocs()[name]; !ok {
				t.Errorf("%s is not in config.go", name)
			}
		}
	}
}
