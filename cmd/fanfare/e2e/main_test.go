//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"testing"

	"fanfare/cmd/fanfare/e2e/process"
)

const patience = process.Patience

// TestMain builds the program with the race detector, whose findings turn its exit code into 66: every test looks at that
// code.
func TestMain(m *testing.M) {
	if _, err := os.Stat("node_modules/.package-lock.json"); err != nil {
		fmt.Fprintln(os.Stderr, "the npm modules are missing; `make e2e` installs them:", err)
		os.Exit(1)
	}
	process.Main(m, "-race")
}
