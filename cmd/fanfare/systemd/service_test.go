//go:build unix

package systemd

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// served is a service whose messages are noted with the seconds since the beginning.
type served struct {
	*Service
	t     *testing.T
	began time.Time
	state string

	mu      sync.Mutex
	stalled time.Duration // guarded by mu
	heard   []string      // guarded by mu
}

func newServed(t *testing.T, watchdog time.Duration) *served {
	s := &served{t: t, began: time.Now(), state: "connections: 3"}
	s.Service = &Service{
		Notifier: &Notifier{s.note},
		Log:      slog.New(slog.DiscardHandler),
		Watchdog: watchdog,
		Status:   func() string { return s.state },
		Stalled: func() time.Duration {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.stalled
		},
	}
	return s
}

func (s *served) note(message string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, fmt.Sprintf("%g %s", time.Since(s.began).Seconds(), strings.ReplaceAll(message, "\n", " ")))
	return nil
}

func (s *served) stall(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalled = d
}

// passes lets time pass, and wants to have heard exactly this meanwhile.
func (s *served) passes(d time.Duration, want ...string) {
	s.t.Helper()
	<-time.After(d)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.heard, want) {
		s.t.Errorf("the manager heard %q, want %q", s.heard, want)
	}
	s.heard = nil
}

func TestServiceTellsItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServed(t, 14*time.Second)
		s.Ready()
		s.passes(time.Second, "0 READY=1 STATUS=connections: 3")
		s.passes(14*time.Second, "7 WATCHDOG=1", "10 STATUS=connections: 3", "14 WATCHDOG=1")
		s.Stopping()
		const extended = " EXTEND_TIMEOUT_USEC=30000000"
		s.passes(4*time.Second, "15 STOPPING=1 STATUS=connections: 3"+extended)
		s.passes(3*time.Second, "20 STATUS=connections: 3"+extended, "21 WATCHDOG=1")
		s.Ended()
		s.passes(time.Hour)
	})
}

// What a successor's service is, its predecessor has no word on.
func TestServiceThatIsSucceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServed(t, 14*time.Second)
		s.Ready()
		reloaded := s.Reloading()
		s.heard = nil
		s.Succeeded(7)
		reloaded()
		s.passes(time.Minute, "0 MAINPID=7 WATCHDOG=1")
		s.Ended()
	})
}

// While a loop stands still, the watchdog hears nothing, and a stop is granted no more time.
func TestServiceThatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServed(t, 8*time.Second)
		s.Ready()
		defer s.Ended()
		s.passes(5*time.Second, "0 READY=1 STATUS=connections: 3", "4 WATCHDOG=1")
		s.stall(4 * time.Second)
		s.passes(4 * time.Second)
		s.stall(4*time.Second - 1)
		s.passes(4*time.Second, "10 STATUS=connections: 3", "12 WATCHDOG=1")
		s.Stopping()
		s.passes(0, "13 STOPPING=1 STATUS=connections: 3 EXTEND_TIMEOUT_USEC=30000000")
		s.stall(time.Minute)
		s.passes(10*time.Second, "20 STATUS=connections: 3")
	})
}

func TestServiceReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServed(t, 0)
		reloaded := s.Reloading()
		if len(s.heard) != 1 || !strings.HasPrefix(s.heard[0], "0 RELOADING=1 MONOTONIC_USEC=") || strings.HasSuffix(s.heard[0], "=0") {
			t.Errorf("the manager heard %q", s.heard)
		}
		s.heard, s.state = nil, "connections: 4"
		reloaded()
		s.passes(time.Second, "0 READY=1 STATUS=connections: 4")
		reloaded = s.Reloading()
		s.Stopping()
		reloaded()
		s.Reloading()()
		if len(s.heard) != 2 || !strings.HasPrefix(s.heard[1], "1 STOPPING=1 ") {
			t.Errorf("while it stopped, the manager heard %q", s.heard)
		}
	})
}

func TestServiceWithoutManager(*testing.T) {
	s := &Service{Status: func() string { return "" }}
	s.Ready()
	s.Reloading()()
	s.Stopping()
	s.Ended()
}
