package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/doctor/machine"
	"fanfare/cmd/fanfare/term"
	"fanfare/engine/leaktest"
)

var update = flag.Bool("update", false, "write testdata/*.golden and docs/doctor.md anew")

// asCommand in the environment makes the test binary the command itself, for tests
// that run it somewhere else.
const asCommand = "FANFARE_TEST_DOCTOR"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		p := command.Process{Commands: []*command.Command{Command()}, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
		os.Exit(p.Run(context.Background(), os.Args[1:]))
	}
	goleak.VerifyTestMain(m, leaktest.Idle()...)
}

// recorded is a machine of testdata.
func recorded(t *testing.T, name string) *machine.Machine {
	t.Helper()
	root, probes := recording(t, name)
	return machine.Read(root, "self", probes)
}

func recording(t *testing.T, name string) (fs.FS, machine.Probes) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	root := fstest.MapFS{}
	for _, f := range archive.Files {
		root[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	var probes machine.Probes
	if err := json.Unmarshal(root["probes.json"].Data, &probes); err != nil {
		t.Fatal(err)
	}
	return root, probes
}

// judged judges a machine of testdata for the configuration without any setting.
func judged(t *testing.T, name string, connections int64) *Report {
	t.Helper()
	l, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	m := recorded(t, name)
	n := needOf(&l.Config, m)
	n.Connections = connections
	return newReport(m, n, "--connections")
}

func printed(t *testing.T, r *Report, all bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.write(&b, term.Style{}, all); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, diff)
	}
}

// TestReports holds what is said of each recorded machine. Whoever changes a word
// or a threshold sees in the files what it does.
func TestReports(t *testing.T) {
	for _, c := range []struct {
		machine     string
		connections int64
	}{{"vm", 19_000}, {"vm", 1_000_000}, {"metal", 100_000}, {"metal", 1_000_000}, {"container", 200_000}, {"cgroup1", 150_000}, {"hidden", 1000}} {
		name := c.machine + "-" + strings.ReplaceAll(number(c.connections), ",", "_")
		t.Run(name, func(t *testing.T) {
			text := printed(t, judged(t, c.machine, c.connections), false)
			golden(t, name, text)
			for line := range strings.Lines(text) {
				if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
					t.Errorf("%d columns, want 80 at most: %s", n, line)
				}
			}
		})
	}
}
