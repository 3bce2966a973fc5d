package engine

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// socketPairs makes n pairs and gives the ends to send to.
func socketPairs(t *testing.T, n int) (list []Sending, peers []int) {
	t.Helper()
	for range n {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(fds[0]) })
		list = append(list, Sending{Conn: &Conn{fd: int32(fds[0])}})
		peers = append(peers, fds[1])
	}
	return list, peers
}

func openRing(t *testing.T) *ring {
	t.Helper()
	r, err := newRing()
	if err != nil {
		t.Fatalf("%v: the tests need a kernel and a sandbox with io_uring", err)
	}
	return r
}

func TestRingSends(t *testing.T) {
	r := openRing(t)
	defer r.close()
	list, peers := socketPairs(t, maxBatch)
	for round := range 5 {
		for i := range list {
			list[i] = Sending{Conn: list[i].Conn, Bytes: bytes.Repeat([]byte{byte(i)}, 1+round+i)}
		}
		if err := r.send(list[:len(list)-round]); err != nil {
			t.Fatal(err)
		}
		for i, s := range list[:len(list)-round] {
			got := make([]byte, 1000)
			n, err := unix.Read(peers[i], got)
			if err != nil || !s.Done || s.Err != nil || s.N != len(s.Bytes) || !bytes.Equal(got[:n], s.Bytes) {
				t.Errorf("round %d, connection %d: result %+v, read %d bytes, %v", round, i, s, n, err)
			}
		}
	}
}

// A full socket takes a part, then nothing, and one whose peer has gone gives
// an error: none of it holds up the others.
func TestRingTellsWhatASocketTook(t *testing.T) {
	r := openRing(t)
	defer r.close()
	list, peers := socketPairs(t, 3)
	_ = unix.Close(peers[1])
	huge := make([]byte, 16<<20)
	for range 2 {
		list[0] = Sending{Conn: list[0].Conn, Bytes: huge}
		list[1] = Sending{Conn: list[1].Conn, Bytes: huge}
		list[2] = Sending{Conn: list[2].Conn, Bytes: []byte("short")}
		if err := r.send(list); err != nil {
			t.Fatal(err)
		}
		if s := list[0]; !s.Done || s.Err != nil || s.N == len(huge) {
			t.Errorf("a socket that is too small: %d of %d bytes, %v", s.N, len(huge), s.Err)
		}
		if s := list[1]; !s.Done || !errors.Is(s.Err, syscall.EPIPE) || s.N != 0 {
			t.Errorf("a socket without a peer: %d bytes, %v, want EPIPE", s.N, s.Err)
		}
		if s := list[2]; !s.Done || s.Err != nil || s.N != 5 {
			t.Errorf("the one behind them: %d bytes, %v", s.N, s.Err)
		}
	}
	if list[0].N != 0 {
		t.Errorf("the second send to a full socket took %d bytes, want 0", list[0].N)
	}
}

// A ring that fails is given up, and nothing is lost.
func TestBrokenRingIsDoneWithout(t *testing.T) {
	var log strings.Builder
	s := &Server{cfg: Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}}
	r := openRing(t)
	broken := *r
	broken.fd = -1 // closing it again fails, which nobody minds
	sockets := &sockets{server: s, rings: []*ring{&broken}}
	defer func() { _ = unix.Close(r.fd) }()
	list, peers := socketPairs(t, 10)
	for i := range list {
		list[i].Bytes = []byte("still here")
	}
	sockets.Send(&Loop{}, list)
	for i, fd := range peers {
		var got [100]byte
		if n, err := unix.Read(fd, got[:]); err != nil || string(got[:n]) != "still here" || !list[i].Done {
			t.Errorf("connection %d got %q, %v", i, got[:n], err)
		}
	}
	if sockets.rings[0] != nil || !strings.Contains(log.String(), "io_uring failed") {
		t.Errorf("the ring is still used, or nobody was told: %q", &log)
	}
}
