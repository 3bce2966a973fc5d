package app

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
)

// runHere runs a command line on the files of a folder.
func runHere(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := command.Process{Commands: []*command.Command{Command()}, Program: "fanfare", Env: []string{config.EnvConfig + "=" + dir + "/fanfare.toml"}, Stdout: &out, Stderr: &errs}
	code = c.Run(t.Context(), args)
	return code, out.String(), errs.String()
}

// What can't be written says so, and leaves the file.
func TestEditOfAFolderThatIsAFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/fanfare.toml", []byte("# none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := runHere(t, dir, "app", "add", "--apps-file", dir+"/fanfare.toml/apps.toml")
	if code != command.ExitFail || !strings.Contains(errs, "cannot write "+dir+"/fanfare.toml/apps.toml: ") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
