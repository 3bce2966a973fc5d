//go:build e2e && linux

package hostile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/cmd/fanfare/e2e/process"
)

// TestUpgradeSteps ends one of both processes of an upgrade exactly before or after one of their words to each other, or has it
// fall silent there.
func TestUpgradeSteps(t *testing.T) {
	for _, s := range []struct {
		plan string
		want outcome
	}{
		{"kill-new after offer", stayed},
		{"kill-new after hello", stayed},
		{"kill-new after loans", stayed},
		{"kill-new after taken", stayed},
		{"kill-new after ahead", stayed},
		{"kill-new after streams", stayed},
		{"kill-new before prepared", stayed},
		{"kill-new after go", ended},
		{"kill-new after serving", ended},

		{"kill-old before hello", ended},
		{"kill-old after loans", ended},
		{"kill-old after taken", ended},
		{"kill-old after ahead", ended},
		{"kill-old before streams", moved},
		{"kill-old after streams", moved},
		{"kill-old before prepared", moved},
		{"kill-old after prepared", moved},
		{"kill-old after go", moved},

		{"hush before hello", stayed},
		{"hush before taken", stayed},
		{"hush before prepared", stayed},
		{"hush before serving", moved},
		{"stop-old after hello", stayed},
		{"stop-old after taken", stayed},
		{"stop-old before prepared", stayed},
	} {
		t.Run(s.plan, func(t *testing.T) {
			if !strings.HasPrefix(s.plan, "kill") { // it takes as long as somebody is patient
				t.Parallel()
			}
			b := newInbox(t)
			u := serveUpgradable(t, process.Program, convoySettings(b.addr))
			c := depart(t, u.server, b, rand.New(rand.NewPCG(1, 1)))
			pause(50 * time.Millisecond) // there is talk
			u.installScript(must(relayTo(s.plan, u.real))(t))
			j := u.begin()
			if strings.HasPrefix(s.plan, "stop-old") {
				j.goOnAlone()
			}
			if got := j.outcome(); got != s.want {
				t.Fatalf("%s, want that %s", got, s.want)
			}
			if s.want == ended {
				if err := c.cutOff(); err != nil {
					t.Fatal(err)
				}
				return
			}
			u.thenUpgrades(c)
		})
	}
}

// thenUpgrades wants that nobody has noticed anything, and that the server can be upgraded.
func (u *upgradable) thenUpgrades(c *convoy) {
	u.t.Helper()
	if err := c.intact(); err != nil {
		u.t.Fatal(err)
	}
	c.feed()
	u.install(u.real)
	u.upgrade()
	if err := c.intact(); err != nil {
		u.t.Fatalf("after the next upgrade: %v", err)
	}
}

// goOnAlone lets a process that was stopped in the middle of its upgrade go on, once the new one has given up on it.
func (j *journey) goOnAlone() {
	j.t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	stopped := false
	for late := time.After(2 * patience); !stopped || alive(j.find()); {
		stopped = stopped || stateOf(j.old) == 'T'
		select {
		case <-look.C:
		case <-late:
			j.t.Fatalf("the new process still waits for the old one after %v", 2*patience)
		}
	}
	if err := syscall.Kill(j.old, syscall.SIGCONT); err != nil {
		j.t.Fatal(err)
	}
}

// spareDescriptors are those of connections that come and go: to webhooks, and of newcomers.
const spareDescriptors = 16

// TestUpgradesToNothing has a server upgraded to what can't take over, for one reason or the other. It serves on, and nobody
// notices; no descriptor is left.
func TestUpgradesToNothing(t *testing.T) {
	b := newInbox(t)
	u := serveUpgradable(t, process.Program, convoySettings(b.addr))
	c := depart(t, u.server, b, rand.New(rand.NewPCG(1, 1)))
	script := func(text string) func() {
		return func() { u.installScript(text) }
	}
	limit := func(resource int, n uint64) func() {
		return func() {
			u.install(u.real)
			if err := unix.Prlimit(u.pid(), resource, &unix.Rlimit{Cur: n, Max: unix.RLIM_INFINITY}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	half := must(os.ReadFile(u.real))(t)
	before := descriptors(u.pid())
	for _, x := range []struct {
		what  string
		begin func()
		says  string
	}{
		{"a program that ends", script("exit 0"), "exit status 0"},
		{"one that fails", script("exit 7"), "exit status 7"},
		{"one that kills itself", script("kill -9 $$"), "killed"},
		{"another one", func() { u.install("/bin/cat") }, "exit status 1"},
		{"no program", func() { u.installText("hello", 0o755) }, "exec format error"},
		{"what may not be executed", func() { u.installText("#!/bin/sh\n", 0o644) }, "permission denied"},
		{"half a program", func() { u.installText(string(half[:len(half)/2]), 0o755) }, ""},
		{"one that talks nonsense", script("echo nonsense >&3; exec sleep 600"), "can't be read"},
		{"one that hangs up", script("exec 3>&-; exec sleep 600"), "EOF"},
		{"one that has no memory", script(`ulimit -v 100000; exec "` + u.real + `" "$@"`), ""},
		{"one with few descriptors", script(`ulimit -n 64; exec "` + u.real + `" "$@"`), "descriptor"},
		{"one with too few", script(`ulimit -n 580; exec "` + u.real + `" "$@"`), "has room for"},
		{"one that is told of other ports", script(`exec "` + u.real + `" "$@" --port 1`), "server.port is 1 now"},
		{"one that has less room", script(`exec "` + u.real + `" "$@" --max-connections 50`), "has room for 50 connections"},
		{"files that may have no more bytes", limit(unix.RLIMIT_FSIZE, 64*kib), "file too large"},
	} {
		x.begin()
		j := u.begin()
		got := j.outcome()
		if err := c.intact(); err != nil {
			t.Fatalf("%s: %s, and %v", x.what, got, err)
		}
		if reason := fmt.Sprint(j.tells(calledOff)["error"]); got != stayed || !strings.Contains(reason, x.says) {
			t.Errorf("%s: %s, and says %q; want %q", x.what, got, reason, x.says)
		}
		c.feed()
	}
	limit(unix.RLIMIT_FSIZE, unix.RLIM_INFINITY)()
	if now := descriptors(u.pid()); now > before+spareDescriptors {
		t.Errorf("%d descriptors are open, and there were %d before: %v", now, before, openFiles(u.pid()))
	}
	u.thenUpgrades(c)
}

// A server that has as many clients as its descriptors allow is upgraded like any other.
func TestUpgradeOfFullServer(t *testing.T) {
	b := newInbox(t)
	u := serveUpgradableIn(t, "ulimit -n 900", process.Program, convoySettings(b.addr))
	const slow = 10
	c := departAt(t, slow, u.server, b, rand.New(rand.NewPCG(1, 1)))
	room := int(must(u.metric("fanfare_connections_limit"))(t))
	for range room - rooms*perRoom - sleepers - spareDescriptors {
		p := must(c.connect(false))(t)
		defer p.Close()
	}
	for range 3 {
		u.upgrade()
		if err := c.intact(); err != nil {
			t.Fatal(err)
		}
		c.feed()
		if now := int(must(u.metric("fanfare_connections_limit"))(t)); now != room {
			t.Errorf("there is room for %d connections, and was for %d", now, room)
		}
	}
}
