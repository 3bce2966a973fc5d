//go:build unix

package systemd

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// patience is how long a message waits for a manager that does not read. Its
// socket takes hundreds of messages, so it is in trouble then.
const patience = time.Second

// Notifier sends the manager what sd_notify(3) sends. A nil one has no manager
// to send to, and does nothing. Its methods may be called from any goroutine.
type Notifier struct {
	send func(message string) error
}

// NewNotifier finds the manager's socket in the environment, NOTIFY_SOCKET: a
// path, or @ and a name in the abstract namespace. Without that variable it is
// nil, without an error.
func NewNotifier(getenv func(string) string) (*Notifier, error) {
	path := getenv("NOTIFY_SOCKET")
	switch {
	case path == "":
		return nil, nil
	case strings.HasPrefix(path, "/"), strings.HasPrefix(path, "@"):
		return &Notifier{managerSocket(path).send}, nil
	}
	return nil, fmt.Errorf("NOTIFY_SOCKET = %q is neither a path nor an abstract name (@...): the service manager is told nothing", path)
}

// Send tells the manager all assignments at once, such as READY=1. It returns
// when the manager's socket has them, after a second at most.
func (n *Notifier) Send(assignments ...string) error {
	if n == nil {
		return nil
	}
	if err := n.send(strings.Join(assignments, "\n")); err != nil {
		return fmt.Errorf("cannot tell the service manager: %w", err)
	}
	return nil
}

// managerSocket is the name of a datagram socket.
type managerSocket string

// send uses a connection for each message: the manager may have been restarted.
func (name managerSocket) send(message string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: string(name), Net: "unixgram"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(message))
	return err
}
