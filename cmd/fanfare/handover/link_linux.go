package handover

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Most is how many descriptors may come with a message. The kernel's own limit is
// SCM_MAX_FD, 253.
const Most = 250

// maxMessage bounds a message in bytes: the handles of Most connections, or their
// sockets' addresses, take less than a tenth of it.
const maxMessage = 128 << 10

// Link is one end of the talk. Its methods are for one goroutine, but Close is for
// any, and ends what waits.
type Link struct {
	file *os.File
	raw  syscall.RawConn
}

// Pair makes both ends. theirs is to be a descriptor of the new process, and to be
// closed in this one as soon as that runs: else its death goes unnoticed.
func Pair() (ours *Link, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a pair of sockets for the hand-over: %w", os.NewSyscallError("socketpair", err))
	}
	theirs = os.NewFile(uintptr(fds[1]), "hand-over")
	if ours, err = newLink(fds[0]); err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// Inherited is the end that this process was born with, as the descriptor of that
// number.
func Inherited(fd int) (*Link, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_SEQPACKET {
		return nil, fmt.Errorf("descriptor %d is no socket that an upgrade would hand to this process", fd)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return newLink(fd)
}

// newLink has the runtime wait for a socket that does not block.
func newLink(fd int) (*Link, error) {
	file := os.NewFile(uintptr(fd), "hand-over")
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Link{file, raw}, nil
}

// Close ends the talk: the other side reads io.EOF.
func (l *Link) Close() error { return l.file.Close() }

// AwaitEnd waits so long for the other side to end the talk.
func (l *Link) AwaitEnd(patience time.Duration) {
	for end := time.Now().Add(patience); ; {
		_, descriptors, err := l.Receive(time.Until(end))
		CloseAll(descriptors)
		if err != nil {
			return
		}
	}
}

// Send says something, with descriptors beside it, which stay the caller's. It fails
// when the other side has not listened for so long.
func (l *Link) Send(m *Message, patience time.Duration, descriptors ...int) error {
	var text bytes.Buffer
	if err := gob.NewEncoder(&text).Encode(m); err != nil {
		return fmt.Errorf("cannot write a message of the hand-over: %w", err)
	}
	if text.Len() > maxMessage || len(descriptors) > Most {
		return fmt.Errorf("a message of the hand-over has %d bytes and %d descriptors: %d and %d are the most", text.Len(), len(descriptors), maxMessage, Most)
	}
	var rights []byte
	if len(descriptors) > 0 {
		rights = unix.UnixRights(descriptors...)
	}
	if err := l.file.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	err := try(l.raw.Write, func(fd int) error { return unix.Sendmsg(fd, text.Bytes(), rights, nil, unix.MSG_NOSIGNAL) })
	return spoken(err, patience)
}

// spoken says what has become of a message.
func spoken(err error, patience time.Duration) error {
	switch {
	case errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET):
		return io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the other process did nothing for %v: %w", patience, err)
	}
	return err
}

// Receive hears the next message, and the descriptors that came with it, which are
// the caller's. It gives io.EOF when the other side has ended the talk, or is gone.
func (l *Link) Receive(patience time.Duration) (m *Message, descriptors []int, err error) {
	text, rights := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4*Most))
	if err := l.file.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, nil, err
	}
	var n, rn, flags int
	hear := func(fd int) (err error) {
		n, rn, flags, _, err = unix.Recvmsg(fd, text, rights, unix.MSG_CMSG_CLOEXEC)
		return err
	}
	err = try(l.raw.Read, hear)
	if errors.Is(err, unix.ECONNRESET) { // it has not heard us out, and is gone: its own last words come after that
		err = try(l.raw.Read, hear)
	}
	if err != nil {
		return nil, nil, spoken(err, patience)
	}
	descriptors, err = received(rights[:rn])
	if err == nil {
		m, err = understood(text[:n], flags)
	}
	if err != nil {
		CloseAll(descriptors)
		return nil, nil, err
	}
	return m, descriptors, nil
}

func understood(text []byte, flags int) (*Message, error) {
	switch {
	case flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0:
		return nil, errors.New("a message of the hand-over was cut off: this process may have too few descriptors (ulimit -n, LimitNOFILE)")
	case len(text) == 0:
		return nil, io.EOF
	}
	m := &Message{}
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(m); err != nil {
		return nil, fmt.Errorf("a message of the hand-over can't be read: %w", err)
	}
	return m, nil
}

func received(rights []byte) (descriptors []int, err error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return descriptors, os.NewSyscallError("recvmsg", err)
		}
		descriptors = append(descriptors, fds...)
	}
	return descriptors, err
}

// CloseAll closes descriptors.
func CloseAll(descriptors []int) {
	for _, fd := range descriptors {
		_ = unix.Close(fd)
	}
}

// try calls a system call until it has done something, or the patience is over.
func try(wait func(func(fd uintptr) bool) error, call func(fd int) error) (err error) {
	waited := wait(func(fd uintptr) bool {
		err = call(int(fd))
		return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
	})
	if waited != nil {
		return waited
	}
	return err
}
