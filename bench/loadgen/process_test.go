//go:build linux

package loadgen

import (
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The process's clock must be what getrusage knows of this process: that is
// read between two readings of the clock. Both may miss what another thread has
// run since the kernel's last tick.
func TestProcessCPU(t *testing.T) {
	const tick = 20 * time.Millisecond
	own := Process(os.Getpid())
	start := cpuOf(t, own)
	for cpuOf(t, own)-start < 50*time.Millisecond {
	}
	before := cpuOf(t, own)
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	after := cpuOf(t, own)
	used := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if used < before-tick || used > after+tick {
		t.Errorf("getrusage has %s, the clock %s before and %s after it", used, before, after)
	}
}

func cpuOf(t *testing.T, p Process) time.Duration {
	t.Helper()
	d, err := p.CPU()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What dd has read it holds, and nothing else moves in it while nobody takes
// what it writes.
func TestProcessResident(t *testing.T) {
	const size = 64 << 20
	dd := exec.Command("dd", "if=/dev/zero", "bs=64M")
	out, err := dd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = dd.Process.Kill()
		_ = dd.Wait()
	}()
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	held, err := Process(dd.Process.Pid).Resident()
	if err != nil {
		t.Fatal(err)
	}
	if held < size || held > size*11/10 {
		t.Errorf("holds %d bytes, want %d and a little", held, size)
	}
}

func TestProcessThatIsNot(t *testing.T) {
	const none = Process(1 << 25) // Linux numbers up to 1<<22
	if _, err := none.CPU(); err == nil {
		t.Error("CPU of no process")
	}
	if _, err := none.Resident(); err == nil {
		t.Error("memory of no process")
	}
}
