//go:build unix

package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listener is the socket and its name, which another server may take over.
type listener struct {
	*net.UnixListener
	path string
	file os.FileInfo // that path stood for when it was ours
}

// listen takes the path. The socket that a process has left there which is gone
// is replaced, and so is that of a server which drains and listens no more: this
// one is its successor. Any other is left alone, and so is what is no socket.
func listen(ctx context.Context, path string) (*listener, error) {
	if err := checkLength(path); err != nil {
		return nil, err
	}
	if err := checkVacant(ctx, path); err != nil {
		return nil, err
	}
	return take(ctx, path)
}

// take makes the name appear once, complete, over the one that it replaces.
func take(ctx context.Context, path string) (*listener, error) {
	draft := aside(path)
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ln, err := bind(ctx, draft)
	if err != nil {
		return nil, err
	}
	l := &listener{UnixListener: ln, path: path}
	if l.file, err = os.Lstat(draft); err == nil {
		err = os.Rename(draft, path)
	}
	if err != nil {
		_ = ln.Close()
		_ = os.Remove(draft)
		return nil, err
	}
	return l, nil
}

// bind makes a socket that is for its owner alone from the first moment.
func bind(ctx context.Context, path string) (*net.UnixListener, error) {
	only := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = unix.Fchmod(int(fd), 0o600) }) // Linux makes the file with it
	}}
	ln, err := only.Listen(ctx, "unix", path)
	switch dir := filepath.Dir(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s: make it, or choose another path", dir)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("this user may not write to the folder %s: let it, or choose another path", dir)
	case err != nil:
		return nil, err
	}
	unixLn := ln.(*net.UnixListener)
	unixLn.SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, ln.Close(), os.Remove(path))
	}
	return unixLn, nil
}

// Close stops listening, and takes the name away unless it is a successor's by
// now.
func (l *listener) Close() error {
	if l.isAt(l.path) {
		l.takeAway()
	}
	return l.UnixListener.Close()
}

// takeAway removes the name. A successor may have taken it since it was looked at: so it
// is put aside first, and put back where it turns out to be another's.
func (l *listener) takeAway() {
	moved := aside(l.path)
	if err := os.Rename(l.path, moved); err != nil {
		return
	}
	if !l.isAt(moved) {
		_ = os.Link(moved, l.path) // fails where there is a newer one already
	}
	_ = os.Remove(moved)
}

func (l *listener) isAt(path string) bool {
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(now, l.file)
}

// aside is a name beside path that is this process' alone.
func aside(path string) string { return path + "." + strconv.Itoa(os.Getpid()) }

// checkVacant tells whether the path may be taken.
func checkVacant(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there and is no socket: remove it, or choose another path", path)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	s, err := statusAt(ctx, path)
	for errors.Is(err, errGone) && ctx.Err() == nil { // it ends: ask who is there now
		s, err = statusAt(ctx, path)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s is in use (%w): stop who has it, or choose another path", path, err)
	case s.Listening:
		return fmt.Errorf("%s is the socket of a server that runs (process %d): choose another path", path, s.PID)
	}
	return nil
}

func statusAt(ctx context.Context, path string) (Status, error) {
	client := Dial(path)
	defer client.Close() // else one that drains keeps it
	return client.Status(ctx)
}
