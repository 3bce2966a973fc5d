//go:build e2e && linux

package hostile

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"fanfare/bench/guest"
	"fanfare/cmd/fanfare/e2e/process"
)

const patience = process.Patience

// TestMain builds the program as `make build` does, without the race detector: its memory is what is measured.
func TestMain(m *testing.M) {
	if guest.Inside() {
		liveAsGuest(m) // does not return
	}
	liveAsFlood() // does not return where this is a flood
	liveAsRelay() // nor where it is a relay
	liveAsMortal()
	adoptOrphans()
	_ = os.Setenv("CGO_ENABLED", "0") // fails only for names that are none
	process.Main(m, "-trimpath")
}

// adoptOrphans makes this program the parent of processes whose parents end, as those do that have handed over.
func adoptOrphans() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		panic(err)
	}
}
