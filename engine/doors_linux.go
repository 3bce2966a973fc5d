package engine

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// gnet tells neither its listeners nor its epolls. Both are found in /proc.

// door is a socket that listens, and the epoll of the loop that accepts from it.
type door struct{ socket, epoll int }

// readable is what gnet waits for.
const readable = unix.EPOLLIN | unix.EPOLLPRI

// open has the loop accept.
func (d door) open() error { return watchReadable(d.epoll, d.socket) }

// shut has newcomers wait in the socket. What the loop has heard of already it still
// takes.
func (d door) shut() error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(d.epoll, unix.EPOLL_CTL_DEL, d.socket, nil))
}

// watchReadable puts a descriptor of gnet's into its epoll, as gnet does.
func watchReadable(epoll, fd int) error {
	event := unix.EpollEvent{Events: readable, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &event))
}

// findDoors notes where newcomers are accepted. pollers is of the start: later there
// may be a million descriptors to look through.
func (t *sockets) findDoors(pollers map[int]int) { t.doors = doorsOf(t.listeners, pollers) }

// doorsOf leaves out the listeners whose epoll is not known.
func doorsOf(listeners []int, pollers map[int]int) (list []door) {
	for _, fd := range listeners {
		if epoll, ok := pollers[fd]; ok {
			list = append(list, door{fd, epoll})
		}
	}
	return list
}

// StopAccepting has newcomers wait in the listening sockets, until ResumeAccepting.
// Any goroutine.
func (s *Server) StopAccepting() error {
	if len(s.sockets.doors) < len(s.sockets.listeners) || len(s.sockets.listeners) == 0 {
		return errors.New("engine: /proc/self hides the listening sockets, or which epoll watches them")
	}
	for i, d := range s.sockets.doors {
		if err := d.shut(); err != nil {
			return errors.Join(fmt.Errorf("engine: cannot stop accepting: %w", err), openAll(s.sockets.doors[:i]))
		}
	}
	return nil
}

// ResumeAccepting undoes StopAccepting.
func (s *Server) ResumeAccepting() error { return openAll(s.sockets.doors) }

func openAll(doors []door) (err error) {
	for _, d := range doors {
		err = errors.Join(err, d.open())
	}
	return err
}

// pollersOfListeners tells which epoll watches which descriptor, of all that this
// process has.
func pollersOfListeners() (map[int]int, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	pollers := make(map[int]int)
	for _, e := range entries {
		epoll, err := strconv.Atoi(e.Name())
		if what, _ := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); err != nil || what != "anon_inode:[eventpoll]" {
			continue
		}
		if err := watchedBy(epoll, pollers); err != nil {
			return nil, err
		}
	}
	return pollers, nil
}

// watchedBy reads "tfd: 5 events: 19 data: 5 pos:0 ino:8f2 sdev:9" for each descriptor
// that is watched. Where a file was closed that another descriptor is open for as well,
// the epoll goes on telling of it by its old number: what has that now is another file.
func watchedBy(epoll int, pollers map[int]int) error {
	f, err := os.Open(filepath.Join("/proc/self/fdinfo", strconv.Itoa(epoll)))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var fd int
		var events, data, pos, inode uint64
		if _, err := fmt.Sscanf(lines.Text(), "tfd: %d events: %x data: %x pos:%d ino:%x", &fd, &events, &data, &pos, &inode); err != nil {
			continue
		}
		var now unix.Stat_t
		if err := unix.Fstat(fd, &now); err == nil && now.Ino == inode {
			pollers[fd] = epoll
		}
	}
	return lines.Err()
}
