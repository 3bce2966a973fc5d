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
	"fanfare/cmd/fanfare/config/setting"
	"fanfare/cmd/fanfare/config/setting/settingtest"
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

// TestNames wants a variable of its own for every key.
func TestNames(t *testing.T) {
	names := make(map[string]bool)
	for _, name := range ownNames {
		names[name] = true
	}
	f := func(prefix string, list []setting.Setting) {
		t.Helper()
		for _, s := range list {
			name := EnvName(prefix + s.Path)
			if names[name] {
				t.Errorf("%s is the name of two keys", name)
			}
			names[name] = true
			if isForeign(name, "1") {
				t.Errorf("%s would be taken for a variable of Kubernetes", name)
			}
		}
	}
	f("", setting.Of(&Config{}))
	f("app.", setting.Of(&App{}))
	for _, key := range listKeys {
		f("app.", []setting.Setting{{Path: key}})
	}
}

// TestDefaultsArriveInTheFields wants what is written as a default to be what
// the field holds.
func TestDefaultsArriveInTheFields(t *testing.T) {
	l, err := Load(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range setting.Of(&l.Config) {
		if got, want := s.Text(), s.Default(""); got != want {
			t.Errorf("%s is %q by default, want %q", s.Path, got, want)
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
	build := func(draft ...setting.Value) *App {
		t.Helper()
		var app App
		if err := app.Fill(draft, func(_, _ string) {}); err != nil {
			t.Fatal(err)
		}
		return &app
	}
	plain := build()
	for _, s := range setting.Of(plain) {
		if s.Path == "limits" {
			continue // it says what the others default to
		}
		changed := build(s.Given(s.Path, settingtest.Another(s)))
		if cmp.Equal(plain.record(), changed.record()) {
			t.Errorf("%s has no effect on the app's record", s.Path)
		}
	}
}

// TestWebhookRecordTakesEverything does the same for [[apps.webhooks]].
func TestWebhookRecordTakesEverything(t *testing.T) {
	for _, s := range setting.Of(&Webhook{}) {
		var w Webhook
		for _, s2 := range setting.Of(&w) {
			if s2.Path == s.Path {
				if err := s2.Set(settingtest.Another(s2)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if cmp.Equal(w.record(), apps.Webhook{}) {
			t.Errorf("%s has no effect on the webhook's record", s.Path)
		}
	}
}

// tables are the types of all tables.
var tables = []reflect.Type{
	reflect.TypeFor[Server](), reflect.TypeFor[TLS](), reflect.TypeFor[Certificate](), reflect.TypeFor[Metrics](), reflect.TypeFor[Log](), reflect.TypeFor[Webhooks](), reflect.TypeFor[Database](),
	reflect.TypeFor[App](), reflect.TypeFor[Limit](), reflect.TypeFor[Slow](), reflect.TypeFor[Webhook](), reflect.TypeFor[Former](),
}

// TestNamesOfOthersLeadToOurs wants names that aren't ours, and lead to one key.
func TestNamesOfOthersLeadToOurs(t *testing.T) {
	ours := slices.Concat(setting.Of(&Config{}), setting.Of(&App{}), setting.Of(&Webhook{}))
	seen := 0
	for _, typ := range tables {
		for field := range typ.Fields() {
			for theirs := range strings.FieldsSeq(field.Tag.Get("elsewhere")) {
				seen++
				near := setting.Nearest(theirs, ours)
				if s, ok := setting.Find(ours, near); !ok || s.Field() != typ.Name()+"."+field.Name {
					t.Errorf("%s leads to %q, want the key of %s.%s", theirs, near, typ.Name(), field.Name)
				}
				if _, ok := setting.Find(ours, theirs); ok {
					t.Errorf("%s is a key of ours", theirs)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d names of others, want at least twenty", seen)
	}
}

func TestFieldDocsAreOfTheRightFields(t *testing.T) {
	for _, typ := range tables {
		for field := range typ.Fields() {
			name := typ.Name() + "." + field.Name
			if _, ok := comments()[name]; !ok {
				t.Errorf("%s has no comment in config.go or config_app.go", name)
			}
		}
	}
}

// A value that lacks its quotes may be a secret: no error repeats it.
func TestSyntaxErrorsShowNoSecrets(t *testing.T) {
	f := func(line string) {
		t.Helper()
		inFiles(t, "[[apps]]\nid = \"1\"\n"+line+"\n", "")
		_, err := Load(Sources{})
		if err == nil || !strings.Contains(err.Error(), "fanfare.toml:3: cannot be read here") {
			t.Errorf("%s: %v", line, err)
		}
		for _, piece := range []string{"sekret", "VALUE", "0691", "20x", "1e5"} {
			if err != nil && strings.Contains(err.Error(), piece) {
				t.Errorf("%s: %v shows %q", line, err, piece)
			}
		}
	}
	f("secret = sekret-VALUE-1")
	f("secret = sekret")
	f("secret = 0691d")
	f("secret = 06911")
	f("secret = 20x1")
	f("secret = 1e5sekret")
	f("secret = +sekret")
	f("headers = {Authorization = sekret}")
	f(`secret = "\sekret"`)
	f("secret = 2026-13-45")
	f("secret = 99999999999999999999999999")
}
