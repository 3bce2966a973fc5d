package systemd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// manager plays the service manager on a socket of that name.
func manager(t *testing.T, name string) (heard func() string) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return func() string {
		t.Helper()
		b := make([]byte, 4096)
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

func TestNotifier(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "notify"), fmt.Sprintf("@fanfare-test-%d", os.Getpid())} {
		heard := manager(t, name)
		n, err := NewNotifier(environment("NOTIFY_SOCKET", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Send("READY=1", "STATUS=ready"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := heard(), "READY=1\nSTATUS=ready"; got != want {
			t.Errorf("%s: the manager heard %q, want %q", name, got, want)
		}
	}
}

func TestNotifierWithoutManager(t *testing.T) {
	n, err := NewNotifier(environment())
	if n != nil || err != nil {
		t.Errorf("got %v, %v without NOTIFY_SOCKET", n, err)
	}
	if err := n.Send("READY=1"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"relative/path", "vsock:2:1234"} {
		if _, err := NewNotifier(environment("NOTIFY_SOCKET", name)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone, err := NewNotifier(environment("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone")))
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Send("READY=1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("to a socket that is not there: %v", err)
	}
}

// A manager that reads nothing holds nobody up for long.
func TestNotifierOfADeafManager(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	manager(t, name)
	n, err := NewNotifier(environment("NOTIFY_SOCKET", name))
	if err != nil {
		t.Fatal(err)
	}
	var sent int
	for err == nil && sent < 100_000 {
		err = n.Send("STATUS=ready")
		sent++
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after %d messages: %v", sent, err)
	}
}
