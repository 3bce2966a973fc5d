package loadgen

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the time that the process has run, in user mode and in the
// kernel, all its threads together: what /proc/PID/stat tells as utime and
// stime, but in nanoseconds and not in hundredths of a second.
func (p Process) CPU() (time.Duration, error) {
	// clock_getcpuclockid(3): the clock of a whole process, by scheduler time.
	clock := ^int32(p)<<3 | 2
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("no CPU time of process %d: %w", int(p), os.NewSyscallError("clock_gettime", err))
	}
	return time.Duration(t.Nano()), nil
}

// Resident returns the bytes of memory that the process holds: Rss of
// smaps_rollup.
func (p Process) Resident() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", int(p)))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(b) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == "Rss:" {
			kib, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/smaps_rollup has no Rss", int(p))
}
