package handover

import (
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The test's program is the new process as well, where this variable says what it does.
const role = "HANDOVER_TEST_ROLE"

func playRole() {
	if what := os.Getenv(role); what != "" {
		os.Exit(play(what))
	}
}

func play(what string) int {
	link, err := FromEnv(os.Getenv)
	if err != nil || link == nil {
		return 3
	}
	m, descriptors, err := link.Receive(soon)
	if err != nil || m.Offer == nil || len(descriptors) != 1 {
		return 4
	}
	if what == "die" {
		return 5
	}
	env := strings.Join(os.Environ(), "\n")
	if err := link.Send(&Message{Hello: &Hello{PID: os.Getpid(), Version: env, Commit: strconv.Itoa(os.Getppid())}}, soon); err != nil {
		return 6
	}
	_, _, err = link.Receive(soon)
	if errors.Is(err, io.EOF) {
		return 0
	}
	return 7
}

func started(t *testing.T, what string, env ...string) *Process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(exe, nil, append(append(os.Environ(), role+"="+what, "LISTEN_FDS=1", "WATCHDOG_PID=1", "WATCHDOG_USEC=5"), env...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.End() })
	if err := p.Send(&Message{Offer: &Offer{}}, soon, int(os.Stdin.Fd())); err != nil {
		t.Fatal(err)
	}
	return p
}

// A process is started with its end of the link, and is gone when End returns.
func TestProcess(t *testing.T) {
	p := started(t, "live")
	m, _, err := p.Receive(soon)
	if err != nil || m.Hello == nil || m.Hello.PID != p.PID() {
		t.Fatalf("%+v, %v", m, err)
	}
	env := strings.Split(m.Hello.Version, "\n")
	if slices.Contains(env, "LISTEN_FDS=1") || slices.Contains(env, "WATCHDOG_PID=1") || !slices.Contains(env, "WATCHDOG_USEC=5") {
		t.Errorf("its environment is %q", env)
	}
	if how := p.End(); !strings.Contains(how, "killed") {
		t.Errorf("it ended with %s", how)
	}
	<-p.Gone()
}

// Under a service manager, which waits for its own children only, a process is started as one of those.
func TestSibling(t *testing.T) {
	for parent, env := range map[int][]string{os.Getpid(): nil, os.Getppid(): {"NOTIFY_SOCKET=/run/notify"}} {
		p := started(t, "live", env...)
		m, _, err := p.Receive(soon)
		if err != nil || m.Hello == nil || m.Hello.Commit != strconv.Itoa(parent) {
			t.Errorf("with %q: %+v, %v; want a child of %d", env, m, err, parent)
		}
		select {
		case <-p.Gone():
			t.Errorf("with %q: it is gone before it was ended", env)
		default:
		}
		if how := p.End(); how == "" {
			t.Errorf("with %q: it ended without a word", env)
		}
	}
	p := started(t, "die", "NOTIFY_SOCKET=/run/notify")
	<-p.Gone()
	p.End()
}

// A process that dies is noticed, since nobody else has its end of the link.
func TestProcessDies(t *testing.T) {
	p := started(t, "die")
	if _, _, err := p.Receive(soon); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	<-p.Gone()
	if how := p.End(); !strings.Contains(how, "5") {
		t.Errorf("it ended with %s", how)
	}
}

// A process notices that the one which started it is gone.
func TestParentDies(t *testing.T) {
	p := started(t, "live")
	if m, _, err := p.Receive(soon); err != nil || m.Hello == nil {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	<-p.Gone()
	if how := p.End(); how != "exit status 0" {
		t.Errorf("it ended with %s", how)
	}
}

func TestProgramsThatCannotRun(t *testing.T) {
	if _, err := Start("/nowhere/fanfare", nil, nil); err == nil || !strings.Contains(err.Error(), "/nowhere/fanfare") {
		t.Error(err)
	}
	for _, text := range []string{"x", "-1", "999999"} {
		if l, err := FromEnv(func(string) string { return text }); err == nil || l != nil {
			t.Errorf("%s=%s was taken", Variable, text)
		}
	}
	if l, err := FromEnv(func(string) string { return "" }); err != nil || l != nil {
		t.Errorf("without the variable: %v, %v", l, err)
	}
}
