package handover

import (
	"fmt"
	"log/slog"
	"time"
)

// AppSecrets are what an app's requests and subscriptions are signed with. A secret that
// was replaced, or will have been when the configuration is read anew, verifies for a
// while longer, under the new process too. They travel.
type AppSecrets struct {
	App, Key, Secret string
	Former           []FormerSecret
}

// FormerSecret is one that was replaced, and how long it verifies.
type FormerSecret struct {
	Secret string
	Left   time.Duration
}

// String tells no secret, so that a careless %v leaks nothing.
func (s AppSecrets) String() string {
	return fmt.Sprintf("secrets of app %s (%d former)", s.App, len(s.Former))
}

// GoString does the same for %#v.
func (s AppSecrets) GoString() string { return s.String() }

// LogValue does the same for log/slog.
func (s AppSecrets) LogValue() slog.Value { return slog.StringValue(s.String()) }
