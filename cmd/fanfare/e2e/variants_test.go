//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"fanfare/cmd/fanfare/e2e/process"
)

// root is the folder of the module.
const root = "../../.."

// edit changes a source file: what is there once is something else.
type edit struct{ file, old, new string }

// built is a program that is built when it is first asked for, and gone with the others.
type built func() (path string, err error)

// variant is the program with some of its sources changed. name is its version.
func variant(name string, edits ...edit) built {
	return sync.OnceValues(func() (string, error) {
		overlay, err := overlaid(name, edits)
		if err != nil {
			return "", err
		}
		return compile(root, name, "-overlay", overlay)
	})
}

// compile builds the program of a module as `make build` does, so that most of it comes out of the cache.
func compile(module, name string, flags ...string) (path string, err error) {
	path = filepath.Join(filepath.Dir(process.Program), name)
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-X main.version=" + name, "-o", path}, flags...), "./cmd/fanfare")...)
	cmd.Dir, cmd.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build the %s program: %w\n%s", name, err, output)
	}
	return path, nil
}

// overlaid writes changed copies of the sources, and a file by which go build takes them.
func overlaid(name string, edits []edit) (path string, err error) {
	folder := filepath.Join(filepath.Dir(process.Program), name+"-sources")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	replaced := map[string]string{}
	for _, e := range edits {
		original, err := filepath.Abs(filepath.Join(root, e.file))
		if err != nil {
			return "", err
		}
		from := original
		if changed, ok := replaced[original]; ok {
			from = changed
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}
		if n := bytes.Count(text, []byte(e.old)); n != 1 {
			return "", fmt.Errorf("the %s program can't be made: %s has %d times %q, want it once: follow what was changed there", name, e.file, n, e.old)
		}
		replaced[original] = filepath.Join(folder, strings.ReplaceAll(e.file, "/", "-"))
		if err := os.WriteFile(replaced[original], bytes.Replace(text, []byte(e.old), []byte(e.new), 1), 0o600); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	path = filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}
