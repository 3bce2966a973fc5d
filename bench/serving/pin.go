//go:build linux

package serving

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// StartPinned starts a command on some cores, or wherever this process may run
// if none is named. It inherits the affinity of the thread that starts it:
// setting its own afterwards would miss the threads that it has made
// meanwhile.
func StartPinned(cmd *exec.Cmd, cores ...int) error {
	if len(cores) == 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	if err := pinThread(0, cores); err != nil {
		return err
	}
	err := cmd.Start()
	return errors.Join(err, os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &own)))
}

// PinSelf confines this process, with all threads that it has and will have,
// to one core.
func PinSelf(core int) error {
	runtime.GOMAXPROCS(1)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := pinThread(id, []int{core}); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

func pinThread(id int, cores []int) error {
	var set unix.CPUSet
	for _, core := range cores {
		set.Set(core)
	}
	if err := unix.SchedSetaffinity(id, &set); err != nil {
		return fmt.Errorf("cannot run on cores %v (this machine may use %d): %w", cores, runtime.NumCPU(), err)
	}
	return nil
}
