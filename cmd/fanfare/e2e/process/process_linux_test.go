//go:build e2e

package process

import (
	"os/exec"
	"testing"
	"time"
)

// A program that has ended and left another in its place, and one that has started another beside it, are killed with those.
func TestKill(t *testing.T) {
	for _, script := range []string{"sleep 600 & echo up", "sleep 600 & echo up; exec sleep 600", "(trap '' TERM; sleep 600; true) & echo up; wait"} {
		up := make(chan struct{})
		p := Launch(t, exec.Command("sh", "-c", script), func(string) { close(up) })
		<-up
		select {
		case <-p.Done:
			t.Fatalf("%q: nothing was left to kill", script)
		default:
		}
		p.Kill()
		if _, err := p.ExitCode(time.Second); err != nil {
			t.Error(err)
		}
	}
}
