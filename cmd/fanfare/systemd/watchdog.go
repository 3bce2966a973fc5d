//go:build unix

package systemd

import (
	"fmt"
	"strconv"
	"time"
)

// Shorter, a busy machine is taken for a dead server; longer, nobody waits.
const minWatchdog, maxWatchdog = 10 * time.Millisecond, 24 * time.Hour

// WatchdogInterval is how often the manager wants to hear from this process,
// which pid is: WATCHDOG_USEC. 0 when it does not ask.
func WatchdogInterval(getenv func(string) string, pid int) (time.Duration, error) {
	text, whose := getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID")
	if text == "" || whose != "" && whose != strconv.Itoa(pid) { // of a parent that passes its environment on
		return 0, nil
	}
	usec, err := strconv.ParseInt(text, 10, 64)
	if err != nil || usec < minWatchdog.Microseconds() || usec > maxWatchdog.Microseconds() {
		return 0, fmt.Errorf("WATCHDOG_USEC = %q is no number of microseconds from %d to %d", text, minWatchdog.Microseconds(), maxWatchdog.Microseconds())
	}
	return time.Duration(usec) * time.Microsecond, nil
}
