//go:build e2e

package hostile

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Sizes in bytes.
const (
	kib = 1 << 10
	mib = 1 << 20
)

// resident is the server's resident memory, in bytes.
func (s *server) resident() (int64, error) { return s.status("VmRSS:") }

// peak is the most resident memory that the server has had since restartPeak, in bytes, as the kernel has noted it: no
// sample can miss it.
func (s *server) peak() (int64, error) { return s.status("VmHWM:") }

// restartPeak makes the kernel forget earlier peaks. See proc_pid_clear_refs(5).
func (s *server) restartPeak() error { return os.WriteFile(s.proc("clear_refs"), []byte("5"), 0) }

func (s *server) proc(file string) string { return fmt.Sprintf("/proc/%d/%s", s.pid(), file) }

// status reads a figure of /proc/PID/status, which is in kB.
func (s *server) status(name string) (int64, error) {
	b, err := os.ReadFile(s.proc("status"))
	if err != nil {
		return 0, fmt.Errorf("cannot read the server's memory: %w", err)
	}
	_, rest, ok := bytes.Cut(b, []byte(name))
	fields := bytes.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, fmt.Errorf("%s has no line %s", s.proc("status"), name)
	}
	n, err := strconv.ParseInt(string(fields[0]), 10, 64)
	return n * kib, err
}

// cpu is the processor time that the server has used. See proc_pid_stat(5).
func (s *server) cpu() (time.Duration, error) {
	b, err := os.ReadFile(s.proc("stat"))
	if err != nil {
		return 0, fmt.Errorf("cannot read the server's processor time: %w", err)
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // from the third on: the second may hold spaces
	const utime, stime, tick = 14 - 3, 15 - 3, time.Second / 100
	user, err := strconv.ParseInt(string(fields[utime]), 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(string(fields[stime]), 10, 64)
	return time.Duration(user+system) * tick, err
}
