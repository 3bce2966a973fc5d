//go:build e2e && linux

package hostile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// stage is how far an upgrade has come, as the system tells from outside.
type stage int

const (
	asked    stage = iota // it may not have begun
	born                  // there is a new process
	offered               // which has the listening sockets
	halfLent              // and half of the connections
	lent                  // and all of them
	writing               // the old one writes its state down
	arrived               // the new one has that
	stages
)

func (s stage) String() string {
	return [...]string{
		"it was asked for", "the new process was there", "it had the listening sockets", "it had half of the connections",
		"it had all connections", "the state was being written", "the state had arrived",
	}[s]
}

// TestKillsOfUpgrades kills the old or the new process of an upgrade, over and over, at all of its steps and between them. As long
// as one of both has everything nobody notices anything; else all connections end, and no process is left.
func TestKillsOfUpgrades(t *testing.T) {
	random := dice(t)
	var c *convoy
	var u *upgradable
	counts := map[string]int{}
	for range *kills {
		if c == nil {
			b := newInbox(t)
			u = serveUpgradable(t, process.Program, convoySettings(b.addr))
			c = depart(t, u.server, b, random)
		}
		k := drawKill(random)
		pause(time.Duration(random.Int64N(int64(300 * time.Millisecond)))) // there is talk
		j := u.begin()
		got := k.strike(j)
		counts[fmt.Sprintf("%s: %s", k.whom(), got)]++
		if err := k.judge(j, got, c); err != nil {
			t.Fatalf("%v: %s, and %v", k, got, err)
		}
		if got == ended {
			t.Logf("%v: %s (%s)", k, got, c.tally())
			c.end()
			c = nil
			continue
		}
		c.feed()
	}
	t.Logf("%d kills: %v", *kills, counts)
}

// kill is one of them.
type kill struct {
	old   bool // else of the new process
	after stage
	delay time.Duration
	seen  stage // how far the upgrade was at the moment of the kill, at least
}

func (k *kill) whom() string {
	if k.old {
		return "old process killed"
	}
	return "new process killed"
}

func (k *kill) String() string {
	return fmt.Sprintf("%s %v after %v", k.whom(), k.delay, k.after)
}

// drawKill draws a moment, as likely after the one step as after the other.
func drawKill(random *rand.Rand) *kill {
	k := &kill{old: random.IntN(2) == 0, after: stage(random.IntN(int(stages)))}
	most := 10 * time.Millisecond // which the later steps take, about
	switch k.after {
	case asked:
		most = 250 * time.Millisecond
	case born:
		most = 120 * time.Millisecond
	}
	k.delay = time.Duration(random.Int64N(int64(most)))
	return k
}

// strike kills when it is time, and tells what came of that.
func (k *kill) strike(j *journey) outcome {
	j.t.Helper()
	late := time.Now().Add(2 * time.Second) // what has been missed until then will not be seen
	for k.seen < k.after && time.Now().Before(late) && alive(j.old) {
		k.look(j)
	}
	for until := time.Now().Add(k.delay); time.Now().Before(until) || j.find() == 0 && time.Now().Before(late) && alive(j.old); {
		k.look(j)
	}
	victim := j.old
	if !k.old {
		victim = j.find()
	}
	for alive(victim) {
		_ = syscall.Kill(victim, syscall.SIGKILL) // it may have ended: the upgrade is over then
		runtime.Gosched()
	}
	got := j.outcome()
	j.reap()
	return got
}

// look notes how far the upgrade is. The last stages are so short that one may be missed.
func (k *kill) look(j *journey) {
	switch {
	case k.seen < arrived && j.reached(arrived):
		k.seen = arrived
	case k.seen < arrived && j.reached(k.seen+1):
		k.seen++
	default:
		runtime.Gosched()
	}
}

// reached reports whether an upgrade has come so far at this moment.
func (j *journey) reached(s stage) bool {
	switch s {
	case asked:
		return true
	case born:
		return j.find() != 0
	case offered:
		return descriptors(j.heir) > 10
	case halfLent:
		return descriptors(j.heir) > rooms*perRoom/2
	case lent:
		return descriptors(j.heir) > rooms*perRoom+sleepers
	case writing:
		return hasStreams(j.old)
	case arrived:
		return hasStreams(j.heir)
	}
	return false
}

func descriptors(pid int) int {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)) // none of a process that is gone
	return len(list)
}

// hasStreams reports whether a process has the state of a node at rest, which is in files in memory.
func hasStreams(pid int) bool {
	for kind := range openFiles(pid) {
		if strings.HasPrefix(kind, "/memfd:fanfare node") {
			return true
		}
	}
	return false
}

// judge holds an outcome to what was killed and when.
func (k *kill) judge(j *journey, got outcome, c *convoy) error {
	switch {
	case got != ended:
		return c.intact()
	case k.old && k.seen == arrived:
		return errors.New("the new process had everything: it should serve")
	case !k.old && !j.says("handed over"):
		return errors.New("the old process had said go to nobody: it should serve")
	}
	return c.cutOff()
}
