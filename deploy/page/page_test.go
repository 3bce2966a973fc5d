package page

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCommands(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "page.md")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Commands(file)
		if !slices.Equal(got, want) || (err == nil) != (len(want) > 0) {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	f("# Title\n\n```sh\na\nb\n```\n\nand\n\n```sh\nc\n```\n", "a\nb\n", "c\n")
	f("```toml\nx\n```\n```sh\na\n```\n", "a\n")
	f("```console\n$ a\n```\n")
	f("```sh\na\n")
	f("")
	if _, err := Commands("nowhere.md"); err == nil {
		t.Error("a page that is not there has commands")
	}
}
