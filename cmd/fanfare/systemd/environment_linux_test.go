package systemd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestWatchdogInterval(t *testing.T) {
	f := func(want time.Duration, bad bool, pairs ...string) {
		t.Helper()
		got, err := WatchdogInterval(environment(pairs...), 7)
		if got != want || (err != nil) != bad {
			t.Errorf("%q: %v, %v", pairs, got, err)
		}
	}
	f(0, false)
	f(30*time.Second, false, "WATCHDOG_USEC", "30000000")
	f(30*time.Second, false, "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "7")
	f(0, false, "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "8")
	f(0, false, "WATCHDOG_PID", "7")
	for _, text := range []string{"1", "9999", "0", "-30000000", "30s", "86400000001", "99999999999999999999"} {
		f(0, true, "WATCHDOG_USEC", text)
	}
	f(10*time.Millisecond, false, "WATCHDOG_USEC", "10000")
	f(24*time.Hour, false, "WATCHDOG_USEC", "86400000000")
}

func TestAnnouncedSockets(t *testing.T) {
	f := func(want []string, fault string, pairs ...string) {
		t.Helper()
		got, err := announced(environment(pairs...), 7)
		if !slices.Equal(got, want) || fmt.Sprint(err) != fault {
			t.Errorf("%q: %q, %v; want %q, %s", pairs, got, err, want, fault)
		}
	}
	const none = "<nil>"
	f(nil, none)
	f(nil, none, "LISTEN_PID", "7")
	f(nil, none, "LISTEN_PID", "8", "LISTEN_FDS", "1")
	f(nil, none, "LISTEN_FDS", "1")
	f(nil, none, "LISTEN_PID", "7", "LISTEN_FDS", "0", "LISTEN_FDNAMES", "")
	f([]string{"unknown", "unknown"}, none, "LISTEN_PID", "7", "LISTEN_FDS", "2")
	f([]string{"http", "x.socket"}, none, "LISTEN_PID", "7", "LISTEN_FDS", "2", "LISTEN_FDNAMES", "http:x.socket")
	f(nil, `LISTEN_FDNAMES = "http" does not have a name for each of the 2 sockets of LISTEN_FDS`,
		"LISTEN_PID", "7", "LISTEN_FDS", "2", "LISTEN_FDNAMES", "http")
	for _, count := range []string{"x", "-1", "1025", "99999999999999999999"} {
		f(nil, fmt.Sprintf("LISTEN_FDS = %q is no number of sockets from 0 to 1024", count), "LISTEN_PID", "7", "LISTEN_FDS", count)
	}
}

// The descriptors 3 and up are those of a process of its own: the test's binary, run again.
func TestInherited(t *testing.T) {
	if os.Getenv("FANFARE_TEST_INHERITS") != "" {
		inherits()
		return
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	socket, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	f := func(want, count, names string, files ...*os.File) {
		t.Helper()
		cmd := exec.Command(os.Args[0], "-test.run", "^TestInherited$", "-test.v")
		cmd.Env = append(os.Environ(), "FANFARE_TEST_INHERITS=1", "LISTEN_FDS="+count, "LISTEN_FDNAMES="+names)
		cmd.ExtraFiles = files
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "inherited: "+want+"\n") {
			t.Errorf("%v, want %s in\n%s", err, want, out)
		}
	}
	f("[3 http true 4 x.socket true] <nil>", "2", "http:x.socket", socket, socket)
	f(`[] descriptor 4 ("b") of LISTEN_FDS is no socket`, "2", "a:b", socket, os.Stdin)
	f(`[] descriptor 4 ("unknown") of LISTEN_FDS is no socket`, "900", "", socket, os.Stdin)
}

// inherits tells of the descriptors that the process got, and whether they would go on to another program. A parent can't know
// the process's number beforehand.
func inherits() {
	files, err := Inherited(environment("LISTEN_PID", "7", "LISTEN_FDS", os.Getenv("LISTEN_FDS"), "LISTEN_FDNAMES", os.Getenv("LISTEN_FDNAMES")), 7)
	told := []string{}
	for _, f := range files {
		flags, _ := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0)
		told = append(told, fmt.Sprint(f.Fd(), " ", f.Name(), " ", flags == unix.FD_CLOEXEC))
	}
	fmt.Printf("inherited: %v %v\n", told, err)
}

func TestDescriptorsThatAreNotThere(t *testing.T) {
	if err := checkSocket(1<<20, "http"); err == nil || !strings.Contains(err.Error(), `descriptor 1048576 ("http") of LISTEN_FDS is not there`) {
		t.Error(err)
	}
}
