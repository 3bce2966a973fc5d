package fault

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

const patience = 10 * time.Second

// world is a proxy before a listener, whose side of each connection comes by
// accepted.
type world struct {
	*Proxy
	accepted chan net.Conn
	made     int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{accepted: make(chan net.Conn, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.accepted <- c
		}
	}()
	if w.Proxy, err = Listen("127.0.0.1:0", To(l.Addr().String()), 7); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		_ = l.Close()
		<-done
	})
	return w
}

// connect makes a connection and returns both its ends.
func (w *world) connect(t *testing.T) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial("tcp", w.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case server = <-w.accepted:
	case <-time.After(patience):
		t.Fatal("the proxy has not connected the other side")
	}
	for w.made++; w.Links() < w.made; { // the proxy has yet to note it
		runtime.Gosched()
	}
	for _, c := range []net.Conn{client, server} {
		t.Cleanup(func() { _ = c.Close() })
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	}
	return client, server
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("came %q, %v; want %q", b, err, want)
	}
}

// silent fails when something comes within a moment.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes, %v; want nothing to come", n, err)
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
}

func TestWhateverComesArrivesAsItWas(t *testing.T) {
	w := newWorld(t)
	w.Set(Profile{Delay: time.Millisecond, Jitter: 3 * time.Millisecond, Rate: 20 << 20})
	client, server := w.connect(t)
	text := make([]byte, 1<<20)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(text) // never fails
	go func() {
		_, _ = client.Write(text) // what is missing is told below
		_ = client.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(server)
	if err != nil || sha256.Sum256(got) != sha256.Sum256(text) {
		t.Fatalf("%d bytes came, %v; want the %d that were sent", len(got), err, len(text))
	}
	say(t, server, "and back") // a half-closed connection still speaks
	hear(t, client, "and back")
}

func TestDelayAndRate(t *testing.T) {
	w := newWorld(t)
	f := func(p Profile, least time.Duration) {
		t.Helper()
		w.Set(p)
		client, server := w.connect(t)
		start := time.Now()
		say(t, client, string(bytes.Repeat([]byte("x"), 2*pieceBytes)))
		hear(t, server, string(bytes.Repeat([]byte("x"), 2*pieceBytes)))
		if took := time.Since(start); took < least {
			t.Errorf("%v: took %v, want at least %v", p, took, least)
		}
	}
	f(Profile{Delay: 80 * time.Millisecond}, 80*time.Millisecond)
	f(Profile{Delay: 50 * time.Millisecond, Jitter: 10 * time.Millisecond}, 50*time.Millisecond)
	f(Profile{Rate: 40 << 10}, 100*time.Millisecond) // the first of the two pieces takes as long
}

func TestStall(t *testing.T) {
	w := newWorld(t)
	client, server := w.connect(t)
	if n := w.Stall(1); n != 1 {
		t.Fatalf("%d connections were stalled, want 1", n)
	}
	w.Stall(1) // twice is once
	say(t, client, "later")
	say(t, server, "sooner")
	silent(t, server)
	silent(t, client)
	w.Resume()
	hear(t, server, "later")
	hear(t, client, "sooner")
}

func TestCut(t *testing.T) {
	f := func(how Cut, want error) {
		t.Helper()
		w := newWorld(t)
		client, server := w.connect(t)
		say(t, client, "whole")
		hear(t, server, "whole")
		w.Set(Profile{Delay: patience})
		say(t, client, "half")
		if n := w.Cut(how, 1); n != 1 {
			t.Fatalf("%d connections were cut, want 1", n)
		}
		for _, side := range []net.Conn{client, server} {
			if n, err := side.Read(make([]byte, 10)); n != 0 || !errors.Is(err, want) {
				t.Errorf("%v: read %d bytes, %v; want %v", how, n, err, want)
			}
		}
	}
	f(Fin, io.EOF)
	f(Reset, syscall.ECONNRESET)
}

// A side that is not read from, and a writer that waits for it, keep nobody.
func TestCutWhileNobodyReads(t *testing.T) {
	w := newWorld(t)
	client, _ := w.connect(t)
	full := make(chan error, 1)
	go func() {
		for {
			if _, err := client.Write(make([]byte, 64<<10)); err != nil {
				full <- err
				return
			}
		}
	}()
	silent(t, client)
	w.Cut(Fin, 1)
	select {
	case <-full:
	case <-time.After(patience):
		t.Fatal("the client can still write")
	}
}

func TestResetIsPassedOn(t *testing.T) {
	w := newWorld(t)
	client, server := w.connect(t)
	say(t, client, "a word")
	hear(t, server, "a word")
	reset(server)
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read: %v, want the server's reset", err)
	}
}

func TestNobodyListensBehind(t *testing.T) {
	p, err := Listen("127.0.0.1:0", To("127.0.0.1:1"), 7)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	client, err := net.Dial("tcp", p.Addr().String())
	if err == nil { // the reset may be quicker
		defer client.Close()
		_, err = client.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

// The same seed hits the same connections.
func TestShareIsSeeded(t *testing.T) {
	hit := func() (list []int) {
		w := newWorld(t)
		var servers []net.Conn
		for range 10 {
			_, server := w.connect(t)
			servers = append(servers, server)
		}
		if n := w.Cut(Reset, 0.25); n != 3 {
			t.Errorf("%d of 10 connections were cut, want a quarter, rounded up", n)
		}
		for i, s := range servers {
			if err := s.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Read(make([]byte, 1)); errors.Is(err, syscall.ECONNRESET) {
				list = append(list, i)
			}
		}
		return list
	}
	first, second := hit(), hit()
	if len(first) != 3 || len(second) != 3 {
		t.Fatalf("cut: %v and %v, want three each", first, second)
	}
	for i := range first {
		if first[i] != second[i] {
			t.Errorf("cut: %v and then %v", first, second)
		}
	}
}

func TestProfileInWords(t *testing.T) {
	f := func(p Profile, want string) {
		t.Helper()
		if got := p.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(Profile{}, "as it comes")
	f(Profile{Delay: time.Second, Jitter: time.Second}, "delay 1s to 2s")
	f(Profile{Rate: 1000}, "1000 bytes/s")
}
