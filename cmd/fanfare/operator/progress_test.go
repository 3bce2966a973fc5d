//go:build unix

package operator

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/cmd/fanfare/control"
)

func at(step control.Step, left uint64, seconds float64) control.Status {
	return control.Status{Connections: left, Drain: &control.Progress{Step: step, Of: 1000, Left: seconds}}
}

// Where no terminal is, each step has a line, and then every five seconds.
func TestProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &progress{to: &out, of: 1000}
		p.show(control.Status{Connections: 1000})
		for i := range 16 {
			p.show(at(control.Waiting, 1000, 30-float64(i)/2))
			<-time.After(500 * time.Millisecond)
		}
		p.show(at(control.Closing, 1200, 22))
		p.show(at(control.Closing, 1100, 21))
		p.show(at(control.Ending, 0, 5))
		p.end()
		want := []string{
			"waiting  1,000 left of 1,000, at most 30 s",
			"waiting  1,000 left of 1,000, at most 25 s",
			"closing  1,200 left of 1,200, at most 22 s",
			"ending   0 left of 1,200, at most 5 s",
		}
		if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(out.String()), "\n")); diff != "" {
			t.Error(diff)
		}
	})
}

// On a terminal there is one line, with a bar, that never wraps and that nobody
// can write escapes into.
func TestProgressBar(t *testing.T) {
	f := func(s control.Status, want string) {
		t.Helper()
		var out bytes.Buffer
		p := &progress{to: &out, terminal: true, of: 1000}
		p.show(s)
		p.end()
		if got := strings.TrimSuffix(out.String(), "\r\x1b[K"); got != "\r\x1b[K"+want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(at(control.Closing, 1000, 20), "[------------------------] closing  1,000 left of 1,000, at most 20 s")
	f(at(control.Closing, 500, 10), "[############------------] closing  500 left of 1,000, at most 10 s")
	f(at(control.Ending, 0, 0), "[########################] ending   0 left of 1,000, at most 0 s")
	f(at("\x1b[2J", 0, 0), `[########################] \u001b[2J 0 left of 1,000, at most 0 s`)
	f(at(control.Step(strings.Repeat("x", 100)), 0, 0), "[########################] "+strings.Repeat("x", 52))
}

func TestProgressWithoutConnections(t *testing.T) {
	var out bytes.Buffer
	p := &progress{to: &out, terminal: true}
	p.show(at(control.Closing, 0, 1))
	if !strings.Contains(out.String(), "[########################]") {
		t.Errorf("got %q, want a full bar", out.String())
	}
}
