//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/loadgen"
)

// Server is a running server and its process.
type Server struct {
	Target  *loadgen.Target
	Process loadgen.Process
}

// warmUp is how long a scenario works before it is measured.
const warmUp = 300 * time.Millisecond

// withLoop gives work a loop, and closes what it opened on it.
func withLoop(work func(*loadgen.Loop) (Result, error)) (r Result, err error) {
	l, err := loadgen.NewLoop()
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return work(l)
}

// measure runs work and adds what it took to the result.
func (s Server) measure(work func() (Result, error)) (Result, error) {
	cpu, err := s.Process.CPU()
	if err != nil {
		return Result{}, err
	}
	load, start := ownCPU(), time.Now()
	r, err := work()
	if err != nil {
		return Result{}, err
	}
	r.Wall, r.LoadCPU = time.Since(start), ownCPU()-load
	after, err := s.Process.CPU()
	r.CPU = after - cpu
	return r, err
}

func ownCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(os.NewSyscallError("getrusage", err)) // it has no way to fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// open opens a fleet and waits for it.
func (s Server) open(ctx context.Context, l *loadgen.Loop, n int, join func(int) loadgen.Subscription) (*loadgen.Fleet, error) {
	const inFlight = 256
	f := l.Open(s.Target, n, inFlight, join)
	if err := l.Run(ctx, f.Ready); err != nil {
		return nil, fmt.Errorf("opening %d connections: %w", n, err)
	}
	return f, f.Err()
}
