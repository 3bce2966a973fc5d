//go:build unix

package systemd

import (
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// statusEvery is how often the line of systemctl status is brought up to
	// date.
	statusEvery = 10 * time.Second

	// extension is how much longer a stop may take than the manager wanted,
	// counted from the last time that it was told: stops of a large server have
	// a bound of their own.
	extension = 3 * statusEvery
)

// Service keeps the manager informed while a server runs. Set the fields, then
// call Ready, Stopping or Succeeded, and Ended in this order, from one goroutine.
// Reloading is for any goroutine.
type Service struct {
	// Notifier and Log tell the manager, and that it could not be told.
	Notifier *Notifier
	Log      *slog.Logger

	// Watchdog is how soon the manager wants to hear that the server is alive
	// before it takes it for dead; 0 means that it does not ask.
	Watchdog time.Duration

	// Status is one line for people who look at the service.
	Status func() string

	// Stalled is for how long a part of the server has not got on. While that is
	// half of Watchdog or more, the manager does not hear that it is alive.
	Stalled func() time.Duration

	quit    chan struct{}
	running sync.WaitGroup

	mu       sync.Mutex // held while the manager is told
	stopping bool       // guarded by mu
	over     bool       // guarded by mu: another process is the service
}

// Ready tells that the server serves, and starts a goroutine that keeps telling
// that it is alive. Ended is due afterwards. Without a manager it does nothing.
func (s *Service) Ready() {
	if s.Notifier == nil {
		return
	}
	s.tell("READY=1", s.status())
	s.quit = make(chan struct{})
	s.running.Go(s.run)
}

// Reloading tells that the configuration is being read again; reloaded is due
// when it is in force, or was refused. Of a server that stops, the manager does not
// want to know.
func (s *Service) Reloading() (reloaded func()) {
	if s.isStopping() {
		return func() {}
	}
	s.tell("RELOADING=1", "MONOTONIC_USEC="+monotonic())
	return func() {
		if !s.isStopping() {
			s.tell("READY=1", s.status())
		}
	}
}

func (s *Service) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

// Stopping tells that the server takes its leave. While it gets on with that,
// it is granted the time that it needs.
func (s *Service) Stopping() {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	s.tell("STOPPING=1", s.status(), s.extend())
}

// Succeeded tells that the process of that number serves from now on. It is for that
// one to say more: the manager hears nothing from this one afterwards. The watchdog waits
// from now on for the successor, whose first word comes half of Watchdog after it is Ready.
func (s *Service) Succeeded(pid int) {
	s.tell("MAINPID="+strconv.Itoa(pid), "WATCHDOG=1")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// Ended returns when nothing of the service runs any more.
func (s *Service) Ended() {
	if s.quit != nil {
		close(s.quit)
		s.running.Wait()
	}
}

// run is the service's goroutine.
func (s *Service) run() {
	status := time.NewTicker(statusEvery)
	defer status.Stop()
	var alive <-chan time.Time
	if s.Watchdog > 0 {
		t := time.NewTicker(s.Watchdog / 2)
		defer t.Stop()
		alive = t.C
	}
	for {
		select {
		case <-s.quit:
			return
		case <-alive:
			s.showAlive()
		case <-status.C:
			s.showStatus()
		}
	}
}

// showAlive tells the manager's watchdog that all is well. Where it is not, the
// manager hears nothing, ends the process with SIGABRT, which has Go write down
// what every goroutine is doing, and starts another.
func (s *Service) showAlive() {
	if since := s.Stalled(); since >= s.Watchdog/2 {
		s.Log.Error("the server does not get on: the service manager's watchdog is not told that it is alive", "stalled", since, "watchdog", s.Watchdog)
		return
	}
	s.tell("WATCHDOG=1")
}

func (s *Service) showStatus() {
	if !s.isStopping() || s.Stalled() >= statusEvery {
		s.tell(s.status())
		return
	}
	s.tell(s.status(), s.extend())
}

func (s *Service) status() string { return "STATUS=" + s.Status() }

func (s *Service) extend() string {
	return fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", extension.Microseconds())
}

func (s *Service) tell(assignments ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	if err := s.Notifier.Send(assignments...); err != nil {
		s.Log.Warn("the service manager does not hear", "error", err)
	}
}

// monotonic is the clock that managers compare: CLOCK_MONOTONIC in microseconds.
func monotonic() string {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return "0"
	}
	return strconv.FormatInt(t.Nano()/1000, 10)
}
