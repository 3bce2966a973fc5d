//go:build linux

package guest

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Inside reports whether this process is a guest's first.
func Inside() bool { return os.Getpid() == 1 }

// Begin tells the host that the guest is there, mounts what programs need, and
// brings the loopback up. Programs are looked for in the root folder.
func Begin() error {
	if _, err := os.Stdout.WriteString(marker + "\n"); err != nil {
		return err
	}
	if err := os.Setenv("PATH", "/"); err != nil {
		return err
	}
	mounts := errors.Join(mount("proc", "/proc"), mount("sysfs", "/sys"), mount("tmpfs", "/tmp"))
	return errors.Join(mounts, loopbackUp())
}

// PowerOff ends the guest, and does not return.
func PowerOff() {
	unix.Sync()
	err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	panic(err) // it does not return
}

func mount(kind, at string) error {
	if err := unix.Mount(kind, at, kind, 0, ""); err != nil {
		return fmt.Errorf("cannot mount %s: %w", at, err)
	}
	return nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer func() { _ = unix.Close(fd) }() // it was opened for the call below
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo))
}
