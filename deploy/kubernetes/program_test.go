package kubernetes

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	core "k8s.io/api/core/v1"
)

const patience = 30 * time.Second

var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fanfare-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "fanfare")
	build := exec.Command("go", "build", "-C", "../..", "-buildvcs=false", "-o", program, "./cmd/fanfare")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	return m.Run()
}

// mounted writes the configuration where the container would find it: in a folder of its own, each file a link, as the kubelet
// does it.
func (m *manifests) mounted(t *testing.T, filledIn bool) (dir string) {
	t.Helper()
	if filledIn {
		apps := m.secret.StringData["apps.toml"]
		m.secret.StringData["apps.toml"] = strings.NewReplacer(`key = ""`, `key = "shop"`, `secret = ""`, `secret = "of-the-tests"`).Replace(apps)
	}
	dir = t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "..v1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..v1", filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	for _, files := range []map[string]string{m.config.Data, m.secret.StringData} {
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, "..v1", name), []byte(text), 0o440); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("..data/"+name, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// command is the program as the image starts it, but on free ports of loopback.
func command(ctx context.Context, dir, run string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"RUNTIME_DIRECTORY=" + run, "FANFARE_HOST=127.0.0.1", "FANFARE_PORT=0", "FANFARE_METRICS_HOST=127.0.0.1", "FANFARE_METRICS_PORT=0"}
	return cmd
}

// The settings mean what the rest of the manifest takes them for.
func TestSettings(t *testing.T) {
	m := load(t)
	cmd := command(t.Context(), m.mounted(t, true), "", "serve", "--print-config")
	cmd.Env = nil
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("serve --print-config: %s%v", out, err)
	}
	var inForce struct {
		Server struct {
			Host  string
			Port  int32
			Delay float64 `toml:"drain_delay"`
			Time  float64 `toml:"drain_time"`
			Grace float64 `toml:"shutdown_grace"`
		}
		Metrics struct {
			Host string
			Port int32
		}
		Apps []struct{ Key string }
	}
	if err := toml.Unmarshal(out, &inForce); err != nil {
		t.Fatal(err)
	}
	s := inForce.Server
	if s.Host != "*" || s.Port != m.port("http") || inForce.Metrics.Host != "*" || inForce.Metrics.Port != m.port("metrics") {
		t.Errorf("it listens on %s:%d and %s:%d", s.Host, s.Port, inForce.Metrics.Host, inForce.Metrics.Port)
	}
	if len(inForce.Apps) != 1 {
		t.Errorf("apps: %v", inForce.Apps)
	}
	grace := float64(*m.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds)
	if needed := s.Delay + s.Time + s.Grace; s.Grace == 0 || s.Time == 0 || needed >= grace {
		t.Errorf("the pod gets %v s to end, and the server may take %v", grace, needed)
	}
}

// The server that the manifests start answers its probes, and ends when preStop says so.
func TestLife(t *testing.T) {
	m := load(t)
	dir, run := m.mounted(t, true), t.TempDir()
	if err := os.Chmod(run, 0o2777); err != nil { // as an emptyDir is
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := command(ctx, dir, run, "serve")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	addr := listening(io.TeeReader(stderr, &log))
	ended := make(chan error, 1)
	go func() {
		_, _ = io.Copy(&log, stderr)
		ended <- cmd.Wait()
	}()
	c := m.container()
	for _, probe := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if probe.HTTPGet.Port.StrVal != "http" {
			t.Errorf("a probe asks port %s", probe.HTTPGet.Port.StrVal)
		}
		resp, err := http.Get("http://" + addr + probe.HTTPGet.Path)
		if err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", probe.HTTPGet.Path, resp.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	stop := command(ctx, dir, run, c.Lifecycle.PreStop.Exec.Command[1:]...)
	stop.Env = append(stop.Env, "FANFARE_PORT=6001") // it looks for the socket, and there is no port 0
	if out, err := stop.CombinedOutput(); err != nil {
		t.Errorf("preStop: %s%v", out, err)
		_ = cmd.Process.Kill()
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v\n%s", err, log.String())
	}
}

// listening waits for the line that tells where clients connect.
func listening(log io.Reader) (addr string) {
	for lines := bufio.NewScanner(log); lines.Scan(); {
		var line struct{ Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			return line.Addr
		}
	}
	return "nowhere"
}

// Who has not filled the secret in is told so.
func TestSecretIsToBeFilledIn(t *testing.T) {
	m := load(t)
	cmd := command(t.Context(), m.mounted(t, false), t.TempDir(), "serve")
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "apps.toml") || !strings.Contains(string(out), "secret") {
		t.Errorf("serve: %s%v", out, err)
	}
}
