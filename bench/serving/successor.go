//go:build linux

package serving

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// AdoptOrphans has this process be the parent of those whose own one has ended, so that
// it can wait for a server's successor (SucceededBy).
func AdoptOrphans() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// SucceededBy is the server once another process, pid, has taken its place. The former
// one has to end by itself, without a failure, and is gone when this returns. Needs
// AdoptOrphans.
func (s *Server) SucceededBy(pid int) (*Server, error) {
	process, err := os.FindProcess(pid)
	if err != nil {
		return nil, err
	}
	if err := s.leave(); err != nil {
		return nil, errors.Join(fmt.Errorf("what process %d has succeeded did not leave in order: %w", pid, err), process.Kill())
	}
	next := &Process{Log: s.Log, name: s.name, process: process, patience: s.patience}
	next.follow(func() error {
		state, err := process.Wait()
		if err == nil && !state.Success() {
			err = errors.New(state.String())
		}
		return err
	})
	return &Server{Process: next, Addr: s.Addr, TLS: s.TLS, Metrics: s.Metrics}, nil
}

// KillAll ends what runs of a program: a server's successors outlive whoever has not
// come to stop them.
func KillAll(program string) error {
	all, err := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range all {
		runs, _ := os.Readlink(link) // of what is there at this moment
		pid, wrong := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if runs == program && wrong == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	}
	return err
}
