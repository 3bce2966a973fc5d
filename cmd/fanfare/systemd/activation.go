//go:build unix

package systemd

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// firstFd is the first descriptor that a manager hands over: 0, 1 and 2 are
// taken.
const firstFd = 3

// maxFds is more than anybody hands over.
const maxFds = 1024

// Inherited are the descriptors that the manager handed to this process, which
// pid is, by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. None when it did not. Each
// File's name is that of the descriptor: FileDescriptorName= of the socket unit,
// which is the unit's own name, such as fanfare.socket, by default. Without names
// it is "unknown". Call it once: the caller owns the files.
func Inherited(getenv func(string) string, pid int) ([]*os.File, error) {
	names, err := announced(getenv, pid)
	if err != nil {
		return nil, err
	}
	for i, name := range names { // before any is taken over: others' descriptors stay theirs
		if err := checkSocket(firstFd+i, name); err != nil {
			return nil, err
		}
	}
	var files []*os.File
	for i, name := range names {
		unix.CloseOnExec(firstFd + i)
		files = append(files, os.NewFile(uintptr(firstFd+i), name))
	}
	return files, nil
}

// announced are the names of the sockets that there should be, one for each.
func announced(getenv func(string) string, pid int) ([]string, error) {
	count, list := getenv("LISTEN_FDS"), getenv("LISTEN_FDNAMES")
	if count == "" || getenv("LISTEN_PID") != strconv.Itoa(pid) {
		return nil, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > maxFds {
		return nil, fmt.Errorf("LISTEN_FDS = %q is no number of sockets from 0 to %d", count, maxFds)
	}
	if list == "" || n == 0 {
		return slices.Repeat([]string{"unknown"}, n), nil
	}
	names := strings.Split(list, ":")
	if len(names) != n {
		return nil, fmt.Errorf("LISTEN_FDNAMES = %q does not have a name for each of the %d sockets of LISTEN_FDS", list, n)
	}
	return names, nil
}

func checkSocket(fd int, name string) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("descriptor %d (%q) of LISTEN_FDS is not there: %w", fd, name, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return fmt.Errorf("descriptor %d (%q) of LISTEN_FDS is no socket", fd, name)
	}
	return nil
}
