package handover

import (
	"bytes"
	"encoding/gob"
	"errors"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const soon = 20 * time.Second

func pair(t *testing.T) (old, heir *Link) {
	t.Helper()
	old, file, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if heir, err = Inherited(fd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { old.Close(); heir.Close() })
	return old, heir
}

// Descriptors arrive with their message, each message by itself.
func TestMessages(t *testing.T) {
	old, heir := pair(t)
	var files []*os.File
	loans := &Loans{}
	var fds []int
	for i := range Most {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close(); w.Close() })
		files, fds, loans.Handles = append(files, w), append(fds, int(r.Fd())), append(loans.Handles, uint64(i)<<40)
	}
	if err := errors.Join(old.Send(&Message{Loans: loans}, soon, fds...), old.Send(&Message{Go: &Go{}}, soon)); err != nil {
		t.Fatal(err)
	}
	m, got, err := heir.Receive(soon)
	if err != nil {
		t.Fatal(err)
	}
	defer CloseAll(got)
	if m.Loans == nil || !slices.Equal(m.Loans.Handles, loans.Handles) || len(got) != Most {
		t.Fatalf("%+v with %d descriptors", m, len(got))
	}
	if _, err := files[Most-1].WriteString("the last"); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 20)
	if n, err := unix.Read(got[Most-1], text); err != nil || string(text[:n]) != "the last" {
		t.Errorf("read %q, %v", text[:n], err)
	}
	if m, got, err := heir.Receive(soon); err != nil || m.Go == nil || len(got) != 0 {
		t.Errorf("%+v, %v, %v", m, got, err)
	}
}

// Who is gone has ended the talk; who is silent has so much time.
func TestEnds(t *testing.T) {
	old, heir := pair(t)
	if _, _, err := old.Receive(time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "1ms") {
		t.Errorf("of silence: %v", err)
	}
	var err error
	for err == nil {
		err = old.Send(&Message{Go: &Go{}}, time.Millisecond)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("to who does not listen: %v", err)
	}
	if err := heir.Close(); err != nil {
		t.Fatal(err)
	}
	if err := old.Send(&Message{Go: &Go{}}, soon); !errors.Is(err, io.EOF) {
		t.Errorf("to nobody: %v", err)
	}
	if _, _, err := old.Receive(soon); !errors.Is(err, io.EOF) {
		t.Errorf("from nobody: %v", err)
	}
}

// What somebody has said before he went is heard, also when he did not hear the other out.
func TestLastWords(t *testing.T) {
	old, heir := pair(t)
	if err := errors.Join(old.Send(&Message{Go: &Go{}}, soon), heir.Send(&Message{Refusal: &Refusal{Reason: "no"}}, soon), heir.Close()); err != nil {
		t.Fatal(err)
	}
	if m, _, err := old.Receive(soon); err != nil || m.Refusal == nil {
		t.Fatalf("%+v, %v; want the refusal", m, err)
	}
	if m, _, err := old.Receive(soon); !errors.Is(err, io.EOF) {
		t.Errorf("%+v, %v; want the end", m, err)
	}
}

// What is said meanwhile does not matter to who waits for the end.
func TestAwaitEnd(t *testing.T) {
	old, heir := pair(t)
	if err := old.Send(&Message{Go: &Go{}}, soon); err != nil {
		t.Fatal(err)
	}
	heir.AwaitEnd(time.Millisecond)
	if err := errors.Join(old.Send(&Message{Go: &Go{}}, soon), old.Close()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	heir.AwaitEnd(2 * soon)
	if took := time.Since(began); took > soon {
		t.Errorf("it took %v", took)
	}
}

// What a later version says, and this one has no word for, is a message with nothing in it;
// what it says more of something known is left out.
func TestMessagesOfLater(t *testing.T) {
	old, heir := pair(t)
	type later struct{ What map[string][]int }
	say := func(m any) *Message {
		t.Helper()
		var text bytes.Buffer
		if err := gob.NewEncoder(&text).Encode(m); err != nil {
			t.Fatal(err)
		}
		if _, err := old.file.Write(text.Bytes()); err != nil {
			t.Fatal(err)
		}
		got, _, err := heir.Receive(soon)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := say(struct {
		Offer *Offer
		Later *later
	}{Later: &later{map[string][]int{"x": {1}}}})
	if *got != (Message{}) {
		t.Errorf("an unknown message is %+v", got)
	}
	type loans struct {
		Handles []uint64
		Later   []later
	}
	got = say(struct{ Loans *loans }{&loans{[]uint64{7}, make([]later, 3)}})
	if got.Loans == nil || !slices.Equal(got.Loans.Handles, []uint64{7}) {
		t.Errorf("a message that says more is %+v", got)
	}
}

func TestTooMuch(t *testing.T) {
	old, _ := pair(t)
	if err := old.Send(&Message{Loans: &Loans{}}, soon, make([]int, Most+1)...); err == nil || !strings.Contains(err.Error(), "250") {
		t.Errorf("too many descriptors: %v", err)
	}
	if err := old.Send(&Message{Refusal: &Refusal{strings.Repeat("x", maxMessage)}}, soon); err == nil {
		t.Error("a message that is too long was sent")
	}
}

// Descriptors that this process can't take are an error that says what to do.
func TestTooFewDescriptors(t *testing.T) {
	old, heir := pair(t)
	fds := make([]int, Most)
	for i := range fds {
		fds[i] = int(os.Stdin.Fd())
	}
	if err := old.Send(&Message{Loans: &Loans{}}, soon, fds...); err != nil {
		t.Fatal(err)
	}
	limits := unix.Rlimit{}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limits); err != nil {
		t.Fatal(err)
	}
	few := limits
	few.Cur = Most / 2
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	_, got, err := heir.Receive(soon)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limits); err != nil {
		t.Fatal(err)
	}
	if err == nil || len(got) > 0 || !strings.Contains(err.Error(), "ulimit -n") {
		t.Errorf("%d descriptors, %v", len(got), err)
	}
}

func TestInheritedIsNoLink(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Inherited(int(f.Fd())); err == nil {
		t.Error("/dev/null was taken for a link")
	}
}

func TestStreams(t *testing.T) {
	type item struct {
		Name string
		Left time.Duration
		Data []byte
	}
	type later struct {
		Name  string
		Data  []byte
		Extra map[string]int
	}
	w, err := NewWriter("test")
	if err != nil {
		t.Fatal(err)
	}
	want := item{"a", time.Second, make([]byte, 1<<20)}
	if err := errors.Join(w.Put(want), w.Put(later{Name: "b", Extra: map[string]int{"x": 1}})); err != nil {
		t.Fatal(err)
	}
	size, fd, err := w.End()
	if err != nil || size < 1<<20 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	if fd, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := NewReader(fd, "test")
	defer r.Close()
	var got item
	if err := r.Next(&got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%.60v, %v", got, err)
	}
	var other item
	if err := r.Next(&other); err != nil || other.Name != "b" {
		t.Errorf("of a type with other fields: %v, %v", other, err)
	}
	if err := r.Next(&other); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}
