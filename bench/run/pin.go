//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// cores are the numbers of the processors that are used.
type cores struct{ server, load int }

// pinSelf confines this process, with all threads that it has and will have,
// to one core.
func pinSelf(core int) error {
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

// startPinned starts a program on some cores. It inherits the affinity of the
// thread that starts it: setting its own afterwards would miss the threads
// that it has made meanwhile.
func startPinned(cmd *exec.Cmd, on []int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	if err := pinThread(0, on); err != nil {
		return err
	}
	// A benchmark that is killed must not leave a server behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	err := cmd.Start()
	return errors.Join(err, os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &own)))
}

func pinThread(id int, on []int) error {
	var set unix.CPUSet
	for _, core := range on {
		set.Set(core)
	}
	if err := unix.SchedSetaffinity(id, &set); err != nil {
		return fmt.Errorf("cannot run on cores %v (this machine may use %d): %w", on, runtime.NumCPU(), err)
	}
	return nil
}
