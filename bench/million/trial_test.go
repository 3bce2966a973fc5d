//go:build linux

package main

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestTrialThatCannotBe(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		var usage strings.Builder
		if _, err := parse(args, &usage); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", args, err, want)
		}
	}
	f("-n 0: want 1 to 4000000", "-n", "0")
	f("-n 4000001", "-n", "4000001")
	f("-in-flight 0", "-in-flight", "0")
	f("-mute 0", "-mute", "0")
	f("-activity-timeout 1.5s: want whole seconds", "-activity-timeout", "1500ms")
	f("-pong-timeout -1s: want whole seconds", "-pong-timeout", "-1s")
	f("-fanout 1ms", "-fanout", "1ms")
	f("-core 1000: this process may run on ", "-core", "1000")
	f("want flags only", "1000000")
}

// The help is no failure, and fits a terminal of 80 columns.
func TestHelp(t *testing.T) {
	var help strings.Builder
	if err := run(t.Context(), []string{"-help"}, io.Discard, &help); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(help.String(), "    \t", "        ")) {
		if len(line) > 80+len("\n") {
			t.Errorf("longer than 80 columns: %s", line)
		}
	}
	if !strings.Contains(help.String(), "-activity-timeout TIME") {
		t.Error(&help)
	}
}

// In the guest, the pings of a million connections must not take all of the
// processor, nor a broadcast longer than their answers may.
func TestTimeouts(t *testing.T) {
	f := func(n int, given, activity, pong time.Duration) {
		t.Helper()
		c := trial{Connections: n, Activity: given, Pong: given}
		direct := c
		direct.Activity, direct.Pong = max(given, hosted), max(given, patience)
		if got := c.direct(); got != direct {
			t.Errorf("%d directly: %+v, want %+v", n, got, direct)
		}
		guest := c
		guest.Activity, guest.Pong = activity, pong
		if got := c.inGuest(); got != guest {
			t.Errorf("%d in the guest: %+v, want %+v", n, got, guest)
		}
	}
	f(2000, 0, 120*time.Second, 30*time.Second)
	f(200_000, 0, 120*time.Second, 60*time.Second)
	f(1_000_000, 0, 600*time.Second, 300*time.Second)
	f(1_000_001, 0, 600*time.Second, 300*time.Second)
	f(1_000_000, 500*time.Second, 500*time.Second, 500*time.Second)
}
