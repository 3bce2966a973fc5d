//go:build e2e && linux

package hostile

import (
	"os"
	"testing"

	"fanfare/bench/guest"
	"fanfare/cmd/fanfare/e2e/process"
)

const patience = process.Patience

// TestMain builds the program as `make build` does, without the race detector: its memory is what is measured.
func TestMain(m *testing.M) {
	if guest.Inside() {
		liveAsGuest(m) // does not return
	}
	liveAsFlood()                     // does not return where this is a flood
	_ = os.Setenv("CGO_ENABLED", "0") // fails only for names that are none
	process.Main(m, "-trimpath")
}
