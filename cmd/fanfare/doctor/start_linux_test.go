package doctor

import (
	"fmt"
	"strings"
	"testing"

	"fanfare/cmd/fanfare/config"
)

// TestAtStart holds when a server says something of the machine at its start, and
// what.
func TestAtStart(t *testing.T) {
	f := func(name string, connections int, want ...string) {
		t.Helper()
		flags := map[string]string{}
		if connections > 0 {
			flags["max-connections"] = fmt.Sprint(connections)
		}
		l, err := config.Load(config.Sources{Flags: flags})
		if err != nil {
			t.Fatal(err)
		}
		text, args := atStart(recorded(t, name), &l.Config, 19_474)
		line := strings.TrimSpace(text + " " + strings.Trim(fmt.Sprint(args...), "[]"))
		if len(want) == 0 && line != "" {
			t.Errorf("%s, %d connections: %s, want nothing", name, connections, line)
		}
		for _, word := range want {
			if !strings.Contains(line, word) {
				t.Errorf("%s, %d connections: %q does not say %q", name, connections, line, word)
			}
		}
	}
	f("vm", 0, "descriptor limit is small", "nofile", "20000", "19474")
	f("vm", 19_000)
	f("vm", 100_000, "not set up", checkDescriptors, "20,000", "100,5")
	f("metal", 0)
	f("metal", 100_000)
	f("metal", 1_000_000, "conntrack table", "262,144", "1,250,118")
	f("container", 200_000)
	f("container", 900_000, checkMemory, "2.0 GiB")
	f("container", 260_000)
	f("cgroup1", 0, "descriptor limit is small", "4096")
	f("cgroup1", 3000)
	f("hidden", 0)
	f("hidden", 100_000)
}

// TestJudgeAnything judges machines of which nothing, or nothing sensible, is known.
func TestJudgeAnything(t *testing.T) {
	for _, n := range []Need{{Connections: 1, Loops: 1}, {Connections: mostConnections, Loops: 256, TLS: true, Part: 1, Budgets: 1 << 60, Spare: 1 << 40}} {
		r := newReport(recorded(t, "hidden"), n, "")
		if text := printed(t, r, true); !strings.Contains(text, "is not known") {
			t.Errorf("nothing could be read, and it says:\n%s", text)
		}
		if failed := r.failed(); failed != nil {
			t.Errorf("nothing could be read, and these are too low: %v", failed)
		}
	}
}
