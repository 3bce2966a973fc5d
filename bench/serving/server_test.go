//go:build linux

package serving

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell is a program that is a script.
func shell(t *testing.T, script string) Program {
	t.Helper()
	return Program{Args: []string{"sh", "-c", script}, Log: filepath.Join(t.TempDir(), "log")}
}

func TestAddresses(t *testing.T) {
	f := func(log, addr, metrics string) {
		t.Helper()
		var s Server
		told := s.listens([]byte(log))
		if want := addr != ""; told != want {
			t.Errorf("%q tells all: %t", log, told)
		}
		if told && (s.Addr.String() != addr || metrics != "" && s.Metrics.String() != metrics || s.Metrics.IsValid() != (metrics != "")) {
			t.Errorf("%q: listens on %s, metrics on %s", log, s.Addr, s.Metrics)
		}
	}
	const (
		warning   = `{"level":"INFO","msg":"cannot tune the listening sockets","addr":"localhost:0"}` + "\n"
		listening = `{"level":"INFO","msg":"listening","addr":"127.0.0.1:41234","loops":1}` + "\n"
		metrics   = `{"level":"INFO","msg":"metrics","addr":"127.0.0.1:41235"}` + "\n"
	)
	f("", "", "")
	f(warning, "", "")
	f(warning+listening, "", "")
	f(warning+listening+metrics[:len(metrics)-9], "", "")
	f(warning+listening+metrics, "127.0.0.1:41234", "127.0.0.1:41235")
	f("port 41", "", "") // more digits may follow
	f("port 41236\n", "127.0.0.1:41236", "")
	f("port 70000\n", "", "")
}

func TestServe(t *testing.T) {
	s, err := shell(t, "echo port 41236; exec sleep 60").Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr.Port() != 41236 || s.Finished() {
		t.Errorf("listens on %s, ended: %t", s.Addr, s.Finished())
	}
	if err := s.Stop(); err == nil || !strings.Contains(err.Error(), "signal: terminated") || !s.Finished() {
		t.Errorf("stopped: %v", err)
	}
}

// A server that does not serve is told by its own words, and is not left
// behind.
func TestServeFails(t *testing.T) {
	f := func(script string, words ...string) {
		t.Helper()
		p := shell(t, script)
		p.Patience = 200 * time.Millisecond
		_, err := p.Serve(t.Context())
		for _, want := range words {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", script, err, want)
			}
		}
	}
	f("echo the port is taken >&2; exit 3", "exit status 3: it does not listen", "the port is taken")
	f("echo wait; exec sleep 60", "it does not listen after 200ms", "wait")
	p := shell(t, "")
	p.Args[0] = "/none/such"
	if _, err := p.Serve(t.Context()); err == nil || !strings.Contains(err.Error(), "/none/such: no such file") {
		t.Error(err)
	}
}
