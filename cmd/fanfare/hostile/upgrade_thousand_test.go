//go:build e2e && linux

package hostile

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/cmd/fanfare/e2e/process"
)

// A thousand take half an hour on a busy machine:
//
//	go test -tags e2e -run ThousandUpgrades -timeout 1h ./cmd/fanfare/hostile -upgrades 1000
var upgrades = flag.Int("upgrades", 10, "how often TestThousandUpgrades upgrades its server")

// racingPace is how many times slower a convoy talks to a server with the race detector.
const racingPace = 4

// sleepersEvery is after how many upgrades sleepers wake.
const sleepersEvery = 5

// TestThousandUpgrades upgrades a server that has the race detector over and over. Its clients notice nothing, and no process has
// more than the one before: no descriptor, goroutine, memory, or state. All that have handed over end with exit code 0.
func TestThousandUpgrades(t *testing.T) {
	b := newInbox(t)
	u := serveUpgradable(t, process.Racing(t), convoySettings(b.addr))
	c := departAt(t, racingPace, u.server, b, rand.New(rand.NewPCG(1, 1)))
	began := time.Now()
	var first, last belongings
	var worst struct{ frozen, took time.Duration }
	for round := range *upgrades {
		j := u.begin()
		if got := j.outcome(); got != moved {
			t.Fatalf("upgrade %d: %s", round, got)
		}
		u.bury(j.old)
		err := c.arrive()
		if err == nil && round%sleepersEvery == 0 {
			if err = c.intact(); err == nil {
				c.feed()
			}
		}
		if err != nil {
			t.Fatalf("upgrade %d: %v", round, err)
		}
		over := j.tells("taken over")
		worst.frozen, worst.took = max(worst.frozen, durationOf(t, over["frozen"])), max(worst.took, durationOf(t, over["took"]))
		last = c.belongings(over["state_bytes"].(float64))
		if round == 0 {
			first = last
		}
		if err := first.exceededBy(last); err != nil {
			t.Fatalf("upgrade %d: %v", round, err)
		}
	}
	text := fmt.Sprintf("%d upgrades of a server with the race detector in %v, %d clients; frozen for %v at most, and %v from start to end\n%s\nfirst\t%v\nlast\t%v\n",
		*upgrades, time.Since(began).Round(time.Second), rooms*perRoom+sleepers, worst.frozen, worst.took, c.tally(), first, last)
	t.Log(text)
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "upgrades.txt"), []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}

func durationOf(t *testing.T, text any) time.Duration {
	t.Helper()
	return must(time.ParseDuration(text.(string)))(t)
}

// bury wants that a process which has handed over ends with exit code 0. What became of the first is told by the test's end.
func (u *upgradable) bury(pid int) {
	u.t.Helper()
	if pid == u.Cmd.Process.Pid {
		return
	}
	var status unix.WaitStatus
	if got, err := unix.Wait4(pid, &status, 0, nil); err != nil || got != pid || !status.Exited() || status.ExitStatus() != 0 {
		u.t.Errorf("process %d ended with %v, exit code %d: %v", pid, status, status.ExitStatus(), err)
	}
}

// belongings are what a process has, once nothing is under way.
type belongings struct {
	files      map[string]int // by kind
	goroutines float64
	resident   int64             // bytes
	state      float64           // bytes that it was left
	heritage   map[string]string // what processes are given by the ones that start them, by its file in /proc
}

func (b belongings) String() string {
	return fmt.Sprintf("descriptors %v, %.0f goroutines, %s MiB resident, %.1f MiB of state", b.files, b.goroutines, inMiB(b.resident), b.state/mib)
}

func (c *convoy) belongings(state float64) belongings {
	c.t.Helper()
	c.gate.Lock()
	defer c.gate.Unlock()
	pid := c.server.pid()
	return belongings{
		files: openFiles(pid), goroutines: must(c.server.metric("go_goroutines"))(c.t), resident: must(c.server.resident())(c.t),
		state: state, heritage: heritageOf(c.t, pid),
	}
}

// heritageOf is the environment of a process, its limits, and the signals that it ignores.
func heritageOf(t *testing.T, pid int) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, file := range []string{"environ", "cmdline", "limits", "status"} {
		all[file] = string(must(os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file)))(t))
	}
	_, ignored, _ := strings.Cut(all["status"], "\nSigIgn:")
	all["status"], _, _ = strings.Cut(ignored, "\n")
	return all
}

// exceededBy tells what a later process has more than a first one, beyond what comes and goes.
func (b belongings) exceededBy(later belongings) error {
	for kind, n := range later.files {
		spare := 0
		if kind == "socket" {
			spare = spareDescriptors
		}
		if n > b.files[kind]+spare {
			return fmt.Errorf("it has %d descriptors of %s, and the first had %d", n, kind, b.files[kind])
		}
	}
	switch {
	case later.goroutines > b.goroutines+4*spareDescriptors:
		return fmt.Errorf("it has %.0f goroutines, and the first had %.0f", later.goroutines, b.goroutines)
	case later.resident > 2*b.resident:
		return fmt.Errorf("it has %s MiB of memory, and the first had %s", inMiB(later.resident), inMiB(b.resident))
	case later.state > 2*b.state+mib:
		return fmt.Errorf("it was left %.0f bytes, and the first %.0f", later.state, b.state)
	}
	for file, text := range later.heritage {
		if text != b.heritage[file] {
			return fmt.Errorf("its %s is not that of the first: %d bytes, and were %d", file, len(text), len(b.heritage[file]))
		}
	}
	return nil
}
