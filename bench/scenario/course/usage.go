//go:build linux

package course

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/bench/scenario"
)

// Measure runs work and notes what was done meanwhile, what it took, and from
// whom. It may be called again: the latest one counts.
func (r *Run) Measure(work func() error) error {
	before, err := r.cpu()
	if err != nil {
		return err
	}
	load, start := ownCPU(), time.Now()
	r.meter.start()
	worked := work()
	r.meter.stop(&r.Result)
	r.Result.Wall, r.Result.LoadCPU = time.Since(start), ownCPU()-load
	after, err := r.cpu()
	if err == nil {
		for i := range r.Result.Servers {
			r.Result.Servers[i].CPU = after[i] - before[i]
		}
	}
	if worked != nil {
		return worked // a server that has died explains the other one, too
	}
	return err
}

// cpu is the time that each of the server's processes has run.
func (r *Run) cpu() ([]time.Duration, error) {
	list := make([]time.Duration, len(r.Processes))
	for i, p := range r.Processes {
		var err error
		if list[i], err = p.CPU(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Memory reads the resident bytes of each of the server's processes.
func (r *Run) Memory(into func(*scenario.Usage) *int64) error {
	for i, p := range r.Processes {
		resident, err := p.Resident()
		if err != nil {
			return err
		}
		*into(&r.Result.Servers[i]) = resident
	}
	return nil
}

func ownCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(os.NewSyscallError("getrusage", err)) // it has no way to fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
