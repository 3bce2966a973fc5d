//go:build unix

package operator

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"fanfare/cmd/fanfare/command"
	"fanfare/cmd/fanfare/control"
)

// A server whose control socket cuts off in the middle of an upgrade, and serves on, is
// asked again.
func TestUpgradeAsksAgain(t *testing.T) {
	dir, err := os.MkdirTemp("", "operator-") //nolint:usetesting // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	at := func(step control.UpgradeStep) *control.Status {
		return &control.Status{PID: 7, Upgrade: &control.Upgrade{Step: step, Reason: "no such luck"}}
	}
	var status atomic.Pointer[control.Status]
	status.Store(at(control.TakenOver)) // once, from another
	var told atomic.Int32               // how often, since an upgrade was asked for
	watched := make(chan struct{})
	hooks := control.Hooks{
		Log: slog.New(slog.DiscardHandler),
		Status: func() control.Status {
			s := status.Load()
			if s.Upgrade.Step == control.Starting && told.Add(1) == 2 { // the first was the answer
				close(watched)
			}
			return *s
		},
		Upgrade: func(control.UpgradeRequest) error {
			status.Store(at(control.Starting))
			return nil
		},
	}
	serve := func() *control.Server {
		s, err := control.Serve(t.Context(), path, hooks)
		if err != nil {
			t.Error(err)
		}
		return s
	}
	again := make(chan *control.Server, 1)
	first := serve()
	go func() {
		<-watched
		_ = first.Close() // who is connected is cut
		status.Store(at(control.CalledOff))
		again <- serve()
	}()
	var out bytes.Buffer
	u := &upgrading{where: where{socket: path}}
	err = u.run(t.Context(), &command.Process{Stdout: &out, Stderr: &out}, nil)
	if err == nil || !strings.Contains(err.Error(), "called off, and nobody has noticed: no such luck") {
		t.Errorf("fanfare upgrade ends with %v", err)
	}
	if err := (<-again).Close(); err != nil {
		t.Error(err)
	}
}
