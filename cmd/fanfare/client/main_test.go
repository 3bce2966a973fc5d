package client

import (
	"testing"

	"go.uber.org/goleak"

	"fanfare/engine/enginetest"
)

// TestMain fails a run that leaves goroutines behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, enginetest.Idle()...) }
