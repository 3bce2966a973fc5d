package reference

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the pages about security name has to be there: tests, settings and metrics.
func TestSecurityPagesNameWhatIsThere(t *testing.T) {
	const root = "../../../../"
	code := sources(t, root)
	keys, err := os.ReadFile(root + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := regexp.MustCompile("`(Test[A-Z]\\w+|Fuzz[A-Z]\\w+)`")
	metrics := regexp.MustCompile(`fanfare_(?:app_)?(\w+)`)
	settings := regexp.MustCompile("`([a-z]+(?:[._][a-z_]+)+)(?: = [^`]*)?`")
	for _, page := range []string{"docs/threat-model.md", "SECURITY.md"} {
		text, err := os.ReadFile(root + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tests.FindAllSubmatch(text, -1) {
			if !strings.Contains(code, "\nfunc "+string(m[1])+"(") {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
		for _, m := range metrics.FindAllSubmatch(text, -1) {
			if len(m[1]) > 0 && !strings.Contains(code, `"`+string(m[1])+`"`) && !strings.Contains(code, `"app_`+string(m[1])+`"`) {
				t.Errorf("%s names the metric %s, which is not there", page, m[0])
			}
		}
		for _, m := range settings.FindAllSubmatch(text, -1) {
			name := string(m[1])
			if strings.HasSuffix(name, ".toml") || strings.HasSuffix(name, ".txtar") || strings.HasPrefix(name, "fanfare_") {
				continue
			}
			key := name[strings.LastIndexByte(name, '.')+1:]
			if !strings.Contains(string(keys), "| `"+key+"` |") && !strings.Contains(string(keys), "| `"+name+"` |") {
				t.Errorf("%s names the setting %s, which is not there", page, name)
			}
		}
	}
}

// sources is all of the project's Go files.
func sources(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2, d.Name() == "node_modules":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		all.WriteByte('\n')
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
