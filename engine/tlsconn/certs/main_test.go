package certs

import (
	"testing"

	"go.uber.org/goleak"

	"fanfare/engine/leaktest"
)

// TestMain fails a run that leaves goroutines behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaktest.Idle()...) }
