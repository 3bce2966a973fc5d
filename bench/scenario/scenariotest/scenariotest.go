//go:build linux

package scenariotest

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario"
)

// Short is long enough to measure something for.
const Short = 100 * time.Millisecond

// Local is a plain server in this very process.
func Local(s *pushertest.Server) scenario.Server {
	return scenario.Server{
		Target:    s.Target(),
		Processes: []loadgen.Process{loadgen.Process(os.Getpid())},
		Patience:  2 * time.Second, // other tests may keep the processor busy
	}
}

// Context ends with the test, or after half a minute.
func Context(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// Figure is one of a result's own.
func Figure(t *testing.T, r *scenario.Result, name string) float64 {
	t.Helper()
	for _, f := range r.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	t.Errorf("no figure %q in %+v", name, r.Figures)
	return 0
}

// Refuses fails unless what s can't do is said before anything is opened, in
// words that hold want, such as a flag's name.
func Refuses(t *testing.T, want string, s scenario.Scenario) {
	t.Helper()
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%+v: %v, want %q", s, err, want)
	}
	if _, err := s.Run(t.Context(), scenario.Server{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("run %+v: %v, want %q", s, err, want)
	}
}

// NeedsChannels fails unless s refuses the limit program, which has none.
func NeedsChannels(t *testing.T, s scenario.Scenario) {
	t.Helper()
	addr, err := loadgen.Resolve("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Run(t.Context(), scenario.Server{Target: loadgen.NewBareTarget(addr)})
	if err == nil || !strings.Contains(err.Error(), "has no channels") {
		t.Errorf("%+v: %v", s, err)
	}
}
