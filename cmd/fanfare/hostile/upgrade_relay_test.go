//go:build e2e && linux

package hostile

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/cmd/fanfare/handover"
)

// relayPlan is the variable that has this program stand between the old and the new process of an upgrade: it starts the new one,
// and passes on what both say to each other, with the descriptors, until it comes to a word. Its text is "DEED WHEN WORD PROGRAM".
const relayPlan = "HOSTILE_RELAY"

// relayTo is a shell script for which the relay is the new program.
func relayTo(plan, program string) (string, error) {
	self, err := os.Executable()
	return fmt.Sprintf("%s='%s %s' exec '%s' \"$@\"", relayPlan, plan, program, self), err
}

// liveAsRelay does not return where this is one.
func liveAsRelay() {
	plan := strings.Fields(os.Getenv(relayPlan))
	if len(plan) != 4 {
		return
	}
	_ = os.Unsetenv(relayPlan) // fails only for names that are none
	runtime.LockOSThread()     // a child that is mortal dies with the thread that has started it
	r := &relay{deed: plan[0], before: plan[1] == "before", word: plan[2], parent: os.Getppid()}
	if err := r.run(plan[3]); err != nil {
		fmt.Fprintln(os.Stderr, "the relay:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// relay stands between an old process, whose child it is, and a new one. As long as it lives both talk to each other; when it ends
// each takes the other for dead.
type relay struct {
	deed   string
	before bool // the word is not passed on before the deed is done
	word   string
	parent int
	heir   *handover.Process
}

func (r *relay) run(program string) error {
	old, err := handover.FromEnv(os.Getenv)
	if err != nil || old == nil {
		return fmt.Errorf("it is nobody's relay: %w", err)
	}
	if r.heir, err = r.start(program); err != nil {
		return err
	}
	over := make(chan error, 2)
	go func() { over <- r.pass(old, r.heir.Link) }()
	go func() { over <- r.pass(r.heir.Link, old) }()
	return <-over
}

// start starts the new process. Where the old one is to end it, as it would its child, it dies with the relay.
func (r *relay) start(program string) (*handover.Process, error) {
	if r.deed != "hush" || r.word == "serving" {
		return handover.Start(program, os.Args[1:], os.Environ())
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return handover.Start(self, os.Args[1:], append(os.Environ(), mortal+"="+program))
}

// mortal is the variable that has this program run another, which is killed when the one that has started it ends.
const mortal = "HOSTILE_MORTAL"

// liveAsMortal does not return where it is set.
func liveAsMortal() {
	program := os.Getenv(mortal)
	if program == "" {
		return
	}
	_ = os.Unsetenv(mortal) // fails only for names that are none
	err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	if err == nil {
		err = unix.Exec(program, append([]string{program}, os.Args[1:]...), os.Environ())
	}
	panic(err)
}

// pass returns when one of both is gone, or has to be taken for that.
func (r *relay) pass(from, to *handover.Link) error {
	const forever = time.Hour
	for {
		m, descriptors, err := from.Receive(forever)
		if err != nil {
			return nil //nolint:nilerr // it is gone
		}
		due := wordOf(m) == r.word
		if due && r.before && !r.act() {
			return nil
		}
		err = to.Send(m, patience, descriptors...)
		handover.CloseAll(descriptors)
		if err != nil || due && !r.before && !r.act() {
			return err
		}
	}
}

// act reports whether the talk goes on after the deed.
func (r *relay) act() bool {
	r.word = "" // once
	switch r.deed {
	case "kill-new":
		r.heir.End()
		return false
	case "kill-old":
		_ = syscall.Kill(r.parent, syscall.SIGKILL) // it may be gone
		return true
	case "stop-old":
		_ = syscall.Kill(r.parent, syscall.SIGSTOP) // it may be gone
		for state := byte(0); state != 'T' && alive(r.parent); state = stateOf(r.parent) {
			runtime.Gosched()
		}
		return true
	case "hush":
		select {} // until the old process ends this one
	}
	panic(errors.New("there is no deed " + r.deed))
}

// wordOf names what a message says.
func wordOf(m *handover.Message) string {
	switch {
	case m.Offer != nil:
		return "offer"
	case m.Hello != nil:
		return "hello"
	case m.Ahead != nil:
		return "ahead"
	case m.Loans != nil:
		return "loans"
	case m.Taken != nil:
		return "taken"
	case m.Streams != nil:
		return "streams"
	case m.Prepared != nil:
		return "prepared"
	case m.Go != nil:
		return "go"
	case m.Serving != nil:
		return "serving"
	}
	return "refusal"
}
