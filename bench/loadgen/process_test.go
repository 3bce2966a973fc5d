//go:build linux

package loadgen

import (
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The process's clock must be what getrusage knows of this process.
func TestProcessCPU(t *testing.T) {
	own := Process(os.Getpid())
	before, err := own.CPU()
	if err != nil {
		t.Fatal(err)
	}
	var u unix.Rusage
	for {
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		after, err := own.CPU()
		if err != nil {
			t.Fatal(err)
		}
		if after-before < 50*time.Millisecond {
			continue
		}
		used := time.Duration(u.Utime.Nano() + u.Stime.Nano())
		if d := after - used; d < -20*time.Millisecond || d > 20*time.Millisecond {
			t.Errorf("clock has %s, getrusage %s", after, used)
		}
		return
	}
}

func TestProcessResident(t *testing.T) {
	own := Process(os.Getpid())
	before, err := own.Resident()
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	b, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	after, err := own.Resident()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Munmap(b); err != nil {
		t.Fatal(err)
	}
	if grown := after - before; grown < size*9/10 || grown > size*11/10 {
		t.Errorf("grew by %d, want %d", grown, size)
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
