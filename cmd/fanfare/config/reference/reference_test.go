package reference

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/config/setting"
)

// TestComments wants of every key and table what its readers need.
func TestComments(t *testing.T) {
	for _, k := range Keys() {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: its comment %q is no sentence", k.Name, k.Doc)
		}
		if k.Heading != "" && k.Intro == "" {
			t.Errorf("%s has no comment", k.Heading)
		}
		if k.Kind == "bytes" && !strings.Contains(k.Doc, "Bytes") || k.Kind == "seconds" && !strings.Contains(k.Doc, "Seconds") {
			t.Errorf("%s: the comment %q does not name the unit", k.Name, k.Doc)
		}
	}
}

func TestSampleFileSaysTheDefaults(t *testing.T) {
	app := config.App{ID: "1", Key: "k", Secret: "s"}
	asIs := Sample(app)
	file := filepath.Join(t.TempDir(), "fanfare.toml")
	loadText := func(text string) *config.Loaded {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := config.Load(config.Sources{File: file})
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
	var shown strings.Builder
	if err := uncommented.Print(&shown); err != nil {
		t.Fatal(err)
	}
	got, want := strings.Count(shown.String(), " # "+file+"\n"), len(setting.Of(&config.Config{}))+len(setting.Of(&config.App{}))
	if got != want {
		t.Errorf("the sample mentions %d keys of %d", got, want)
	}
}
