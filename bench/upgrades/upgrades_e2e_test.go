//go:build linux && e2e

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// short has everything that the long run has, but few of it. Nothing here depends on
// how fast the machine is.
var short = []string{
	"-connections", "200", "-rate", "200", "-slow", "4", "-slow-bytes", "2000000", "-away", "200ms", "-pause", "500ms", "-bound", "0",
}

func prove(t *testing.T, flags ...string) (string, error) {
	out := &bytes.Buffer{}
	err := run(t.Context(), append(append([]string{"-logs", t.ArtifactDir()}, short...), flags...), out, out)
	return out.String(), err
}

func TestUpgrades(t *testing.T) {
	t.Chdir("../..") // the top of the checkout, where the command runs
	t.Run("all", func(t *testing.T) {
		t.Run("holds", func(t *testing.T) { t.Parallel(); holds(t) })
		t.Run("by TLS", func(t *testing.T) {
			t.Parallel()
			if out, err := prove(t, "-results", "", "-tls"); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
		t.Run("repeated", func(t *testing.T) { t.Parallel(); repeated(t) })
	})
}

func holds(t *testing.T) {
	results := t.TempDir()
	out, err := prove(t, "-results", results)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
	for ext, want := range map[string]string{".md": "| upgrade 3 |", ".svg": "Upgrade 3: "} {
		files, err := filepath.Glob(filepath.Join(results, "upgrade-*"+ext))
		if err != nil || len(files) != 1 {
			t.Errorf("written: %q, %v; want one result", files, err)
			continue
		}
		if b, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %q: %v", files[0], want, err)
		}
	}
}

// A webhook that is counted twice makes the proof fail, with a word on which one.
func repeated(t *testing.T) {
	out, err := prove(t, "-results", "", "-upgrades", "1", "-repeat")
	if err == nil || !strings.Contains(out, "FAILS   client_event webhooks") || strings.Count(out, "FAILS") != 1 {
		t.Errorf("got %v, want one whisper that came again:\n%s", err, out)
	}
}
