//go:build linux

package serving

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Cores are the numbers of the processors that this process may run on.
func Cores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	cores := make([]int, 0, set.Count())
	for core := 0; len(cores) < set.Count(); core++ {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores, nil
}

// CheckCore tells whether this process may run on a core, which a flag named.
func CheckCore(flag string, core int) error {
	cores, err := Cores()
	if err == nil && !slices.Contains(cores, core) {
		err = fmt.Errorf("-%s %d: this process may run on %v", flag, core, cores)
	}
	return err
}

// StartPinned starts a command on some cores, or wherever this process may run
// if none is named. It inherits the affinity of the thread that starts it:
// setting its own afterwards would miss the threads that it has made
// meanwhile.
func StartPinned(cmd *exec.Cmd, cores ...int) error {
	if len(cores) == 0 {
		return cmd.Start()
	}
	return OnCores(cores, cmd.Start)
}

// OnCores calls do on a thread that is confined to some cores, and gives the
// thread back as it was. It must not end instead: what this thread has started
// before could be told to end with it (Pdeathsig).
func OnCores(cores []int, do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	if err := pinThread(0, cores); err != nil {
		return err
	}
	err := do()
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
