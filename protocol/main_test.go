package protocol

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a goroutine is left over. Some run since the worker
// pool's package was loaded.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }
