//go:build linux

package serving

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMakeResults(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	if err := MakeResults("-results", folder); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	folder = filepath.Join(os.Args[0], "below-a-file")
	if err := MakeResults("-results", folder); err == nil || !strings.Contains(err.Error(), "-results "+folder) {
		t.Errorf("a folder below a file: %v", err)
	}
}

func TestKeepLogs(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "logs")
	if err := KeepLogs(from, to); err != nil {
		t.Errorf("without logs: %v", err)
	}
	if err := os.WriteFile(filepath.Join(from, "server.log"), []byte("said"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := KeepLogs(from, to); err == nil || !strings.Contains(err.Error(), to) {
		t.Errorf("with one: %v, want where it is", err)
	}
	if b, err := os.ReadFile(filepath.Join(to, "server.log")); err != nil || string(b) != "said" {
		t.Errorf("%q, %v", b, err)
	}
}
