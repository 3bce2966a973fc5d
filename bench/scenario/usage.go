//go:build linux

package scenario

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// measure runs work and notes what was done meanwhile, what it took, and from
// whom. It may be called again: the latest one counts.
func (r *run) measure(work func() error) error {
	before, err := r.cpu()
	if err != nil {
		return err
	}
	load, start := ownCPU(), time.Now()
	r.meter.start()
	worked := work()
	r.meter.stop(&r.result)
	r.result.Wall, r.result.LoadCPU = time.Since(start), ownCPU()-load
	after, err := r.cpu()
	if err == nil {
		for i := range r.result.Servers {
			r.result.Servers[i].CPU = after[i] - before[i]
		}
	}
	if worked != nil {
		return worked // a server that has died explains the other one, too
	}
	return err
}

// cpu is the time that each of the server's processes has run.
func (r *run) cpu() ([]time.Duration, error) {
	list := make([]time.Duration, len(r.Processes))
	for i, p := range r.Processes {
		var err error
		if list[i], err = p.CPU(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// memory reads the resident bytes of each of the server's processes.
func (r *run) memory(into func(*Usage) *int64) error {
	for i, p := range r.Processes {
		resident, err := p.Resident()
		if err != nil {
			return err
		}
		*into(&r.result.Servers[i]) = resident
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
