package engine_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fanfare/engine"
	"fanfare/engine/http1"
)

// sockets are n listening sockets on one address of loopback, as a service manager holds them.
func sockets(t *testing.T, n int) (addr string, held []net.Listener) {
	t.Helper()
	addr = "127.0.0.1:0"
	reuse := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	}}
	for range n {
		ln, err := reuse.Listen(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		addr, held = ln.Addr().String(), append(held, ln)
	}
	return addr, held
}

// handed are the descriptors that a server inherits.
func handed(t *testing.T, held ...net.Listener) (files []*os.File) {
	t.Helper()
	for _, ln := range held {
		f, err := ln.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// asks sends a request that closes its connection, and gives the answer when it comes.
func asks(t *testing.T, addr string) (answer func() string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return func() string {
		defer conn.Close()
		b, err := io.ReadAll(conn)
		if err != nil {
			return err.Error()
		}
		line, _, _ := strings.Cut(string(b), "\r\n")
		return line
	}
}

const fine = "HTTP/1.1 200 OK"

// Whoever connects before the server is there is served, and everybody else, with any number of loops and of sockets.
func TestInheritedSockets(t *testing.T) {
	for _, c := range []struct{ loops, sockets int }{{1, 1}, {2, 1}, {2, 2}, {1, 3}, {2, 3}, {3, 2}} {
		t.Run(fmt.Sprintf("%d loops, %d sockets", c.loops, c.sockets), func(t *testing.T) {
			addr, held := sockets(t, c.sockets)
			var early []func() string
			for range 20 {
				early = append(early, asks(t, addr))
			}
			s := start(t, engine.Config{Addrs: []string{"127.0.0.1:0"}, Loops: c.loops, Listeners: handed(t, held...)}, echo{})
			if got := s.Addrs(); len(got) != 2 || got[1] != addr {
				t.Fatalf("addresses %v, want one of its own and %s", got, addr)
			}
			for i, answer := range append(early, asks(t, s.Addrs()[0]), asks(t, addr)) {
				if got := answer(); got != fine {
					t.Errorf("caller %d: %s", i, got)
				}
			}
			want := slices.Repeat([]int{16 << 10}, c.sockets+c.loops*((c.sockets+c.loops-1)/c.loops)) // the tests' own, and the loops'
			if got := engine.ListenerLowats([]string{addr}); !slices.Equal(got, want) {
				t.Errorf("the sockets on %s have TCP_NOTSENT_LOWAT %v, want %v", addr, got, want)
			}
		})
	}
}

// A socket of its own for TLS, beside one without: whoever connected before is
// served too.
func TestInheritedTLSSocket(t *testing.T) {
	plain, plainHeld := sockets(t, 1)
	secure, secureHeld := sockets(t, 1)
	config := clientTLS()
	early, err := net.Dial("tcp", secure)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	_ = early.SetDeadline(time.Now().Add(20 * time.Second))
	s := start(t, engine.Config{
		Addrs: []string{}, Loops: 2, TLS: serverTLS(t),
		Listeners: handed(t, plainHeld...), TLSListeners: handed(t, secureHeld...),
	}, echo{})
	if want := []string{plain, secure}; !slices.Equal(s.Addrs(), want) || !slices.Equal(s.TLSAddrs(), want[1:]) {
		t.Errorf("addresses %v, with TLS %v; want %v", s.Addrs(), s.TLSAddrs(), want)
	}
	if got := asks(t, plain)(); got != fine {
		t.Error(got)
	}
	later, _ := dialTLS(t, s, config)
	for _, conn := range []net.Conn{tls.Client(early, config), later} {
		if _, err := io.WriteString(conn, upgradeRequest); err != nil {
			t.Fatal(err)
		}
		if err := readUpgrade(conn); err != nil {
			t.Fatal(err)
		}
		says(t, conn, []byte("hi"))
	}
}

// which tells what loop the caller is on.
type which struct{ echo }

func (which) Request(c *engine.Conn, _ *http1.Request) {
	c.Respond(&http1.Response{Status: 200 + c.Loop().Index()})
}

// Each loop serves the one socket: also when the other is busy.
func TestInheritedSocketIsServedByAllLoops(t *testing.T) {
	addr, held := sockets(t, 1)
	s := start(t, engine.Config{Addrs: []string{"127.0.0.1:0"}, Loops: 2, Listeners: handed(t, held...)}, which{})
	onLoop := []string{"HTTP/1.1 200 OK", "HTTP/1.1 201 Created"}
	reached := map[string]bool{} // a loop without connections can't be held
	for range 500 {
		if reached[asks(t, s.Addrs()[0])()] = true; len(reached) == 2 {
			break
		}
	}
	for i, want := range onLoop {
		if !reached[want] {
			t.Fatalf("of 500 connections none was on loop %d", i)
		}
		release := hold(s.Loop(1 - i))
		for range 10 {
			if got := asks(t, addr)(); got != want {
				t.Errorf("loop %d alone: %s", i, got)
			}
		}
		release()
	}
}

// hold keeps a loop from doing anything.
func hold(l *engine.Loop) (release func()) {
	holding, done := make(chan struct{}), make(chan struct{})
	l.Post(engine.TaskFunc(func(*engine.Loop) {
		close(holding)
		<-done
	}))
	<-holding
	return func() { close(done) }
}

// A service manager's socket outlives the server: who connects between one server and the next waits.
func TestInheritedSocketOutlivesTheServer(t *testing.T) {
	addr, held := sockets(t, 1)
	next := stow(t, held[0])
	first := start(t, engine.Config{Loops: 2, Addrs: []string{}, Listeners: handed(t, held...)}, echo{})
	held[0].Close()
	if got := asks(t, addr)(); got != fine {
		t.Fatal(got)
	}
	shutdown(t, first)
	between := asks(t, addr)
	start(t, engine.Config{Loops: 1, Addrs: []string{}, Listeners: []*os.File{next()}}, echo{})
	if got := between(); got != fine {
		t.Errorf("who came between two servers got %s", got)
	}
}

// stow keeps a listening socket where no descriptor of this process refers to it, as if another process had it: in a message
// that is under way.
func stow(t *testing.T, ln net.Listener) (back func() *os.File) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
	f := handed(t, ln)[0]
	defer f.Close()
	if err := unix.Sendmsg(pair[0], []byte{0}, unix.UnixRights(int(f.Fd())), nil, 0); err != nil {
		t.Fatal(err)
	}
	return func() *os.File {
		rights := make([]byte, unix.CmsgSpace(4))
		if _, _, _, _, err := unix.Recvmsg(pair[1], make([]byte, 1), rights, 0); err != nil {
			t.Fatal(err)
		}
		messages, err := unix.ParseSocketControlMessage(rights)
		if err != nil {
			t.Fatal(err)
		}
		fds, err := unix.ParseUnixRights(&messages[0])
		if err != nil {
			t.Fatal(err)
		}
		return os.NewFile(uintptr(fds[0]), "stowed")
	}
}

func TestInheritedSocketsThatCannotBeServed(t *testing.T) {
	f := func(what string, file *os.File) {
		t.Helper()
		_, held := sockets(t, 1)
		good := handed(t, held...)[0]
		s, err := engine.New(engine.Config{Listeners: []*os.File{good, file}}, echo{})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Start()
		if err == nil || !strings.Contains(err.Error(), "no TCP socket that listens") || !strings.Contains(err.Error(), file.Name()) {
			t.Errorf("%s: %v", what, err)
		}
		for _, file := range []*os.File{good, file} {
			if err := file.Close(); err == nil {
				t.Errorf("%s: %s was left open", what, file.Name())
			}
		}
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	f("a file", file)
	path := t.TempDir() + "/socket"
	local, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	f("a unix socket", handed(t, local)[0])
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	if file, err = udp.File(); err != nil {
		t.Fatal(err)
	}
	f("a UDP socket", file)
	_, held := sockets(t, 1)
	conn, err := net.Dial("tcp", held[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if file, err = conn.(*net.TCPConn).File(); err != nil {
		t.Fatal(err)
	}
	f("a connection", file)
}
