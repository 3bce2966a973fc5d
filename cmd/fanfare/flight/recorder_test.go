package flight

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/exp/trace"
)

// fake is a recorder that looks when it is told to.
type fake struct {
	*Recorder
	now   time.Time
	loop  int
	since time.Duration
}

func newFake() *fake {
	f := &fake{now: time.Now()}
	f.Recorder = &Recorder{last: f.now, cfg: Config{
		After: time.Second, Log: slog.New(slog.DiscardHandler),
		Stalled: func() (int, time.Duration) { return f.loop, f.since },
	}}
	return f
}

// after looks again when d has passed, in which the loop was still or not.
func (f *fake) after(d time.Duration, still bool) {
	f.now = f.now.Add(d)
	if f.since += d; !still {
		f.since = 0
	}
	f.look(f.now)
}

// during is after in steps of the usual pace.
func (f *fake) during(d time.Duration, still bool) {
	for range d / pace {
		f.after(pace, still)
	}
}

func (f *fake) ids() []int {
	ids := []int{}
	for _, s := range f.Stalls() {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestOneStallIsKeptOnce(t *testing.T) {
	f := newFake()
	f.loop = 3
	f.during(30*time.Second, true)
	if got := f.Stalls(); len(got) != 1 || got[0].Loop != 3 || got[0].Since != time.Second || got[0].Trace != nil {
		t.Fatalf("kept %+v, want one stall of loop 3 after 1 s, without a trace", got)
	}
	if s := f.Stall(1); s == nil || !strings.Contains(string(s.Stacks), "TestOneStallIsKeptOnce") {
		t.Error("its stacks lack that of this test")
	}
}

func TestOneStallAMinuteIsKept(t *testing.T) {
	f := newFake()
	f.during(2*time.Second, true)
	f.during(2*time.Second, false)
	f.during(2*time.Second, true)
	if ids := f.ids(); len(ids) != 1 {
		t.Fatalf("kept %v within six seconds, want one", ids)
	}
	f.during(time.Minute, false)
	f.during(2*time.Second, true)
	if ids := f.ids(); len(ids) != 2 {
		t.Errorf("kept %v after a minute, want two", ids)
	}
}

func TestFourStallsAreKept(t *testing.T) {
	f := newFake()
	for range 6 {
		f.during(time.Minute, false)
		f.during(2*time.Second, true)
	}
	ids := f.ids()
	if len(ids) != 4 || ids[0] != 6 || ids[3] != 3 {
		t.Errorf("kept %v, want 6 to 3", ids)
	}
	if f.Stall(2) != nil {
		t.Error("the second is still there")
	}
}

// A process that was stopped finds its loops late, and itself too.
func TestAStoppedProcessIsNoStall(t *testing.T) {
	f := newFake()
	f.after(20*time.Second, true)
	f.during(2*time.Second, false)
	if ids := f.ids(); len(ids) != 0 {
		t.Errorf("kept %v", ids)
	}
	f.during(2*time.Second, true)
	if ids := f.ids(); len(ids) != 1 {
		t.Errorf("kept %v of a stall that came after, want one", ids)
	}
}

func TestTraceShowsWhatHeldALoopUp(t *testing.T) {
	var (
		since  atomic.Int64
		logged = make(chan string, 10)
		begun  = make(chan struct{})
		end    = make(chan struct{})
		ended  = make(chan struct{})
	)
	r, err := Start(Config{
		Trace: true, After: time.Millisecond, Log: slog.New(lines{logged}),
		Stalled: func() (int, time.Duration) { return 0, time.Duration(since.Load()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	if _, err := Start(Config{Trace: true, Stalled: r.cfg.Stalled, Log: r.cfg.Log}); err == nil || !strings.Contains(err.Error(), "cannot record a trace") {
		t.Errorf("a second recorder: %v, want an error", err)
	}
	go func() {
		defer close(ended)
		holdUp(begun, end)
	}()
	<-begun
	since.Store(int64(time.Second))
	if got := <-logged; !strings.Contains(got, "stands still") {
		t.Fatalf("logged %q", got)
	}
	close(end)
	<-ended
	s := r.Stall(1)
	if !strings.Contains(string(s.Stacks), "flight.holdUp") {
		t.Errorf("the stacks lack the function that waits:\n%s", s.Stacks)
	}
	if !mentions(t, s.Trace, "flight.holdUp") {
		t.Error("the trace lacks the function that waits")
	}
	var now bytes.Buffer
	if err := r.WriteTrace(&now); err != nil || !mentions(t, now.Bytes(), "flight.holdUp") {
		t.Errorf("the trace of now: %v, or the function is not in it", err)
	}
}

//go:noinline
func holdUp(begun chan<- struct{}, end <-chan struct{}) {
	close(begun)
	<-end
}

// mentions tells whether a trace, as the toolchain's own parser reads it, has an
// event on whose stack the function is.
func mentions(t *testing.T, text []byte, function string) bool {
	t.Helper()
	events, err := trace.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for {
		ev, err := events.ReadEvent()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		for frame := range ev.Stack().Frames() {
			found = found || strings.HasSuffix(frame.Func, function)
		}
	}
}

// lines is a log that hands on its messages.
type lines struct{ to chan string }

func (lines) Enabled(context.Context, slog.Level) bool { return true }

func (l lines) Handle(_ context.Context, r slog.Record) error {
	l.to <- r.Message
	return nil
}

func (l lines) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l lines) WithGroup(string) slog.Handler      { return l }

func TestWithoutATrace(t *testing.T) {
	r, err := Start(Config{Stalled: func() (int, time.Duration) { return 0, 0 }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	if err := r.WriteTrace(io.Discard); !errors.Is(err, ErrNoTrace) || r.Recording() {
		t.Errorf("WriteTrace: %v, want %v", err, ErrNoTrace)
	}
}

func TestTraceIsBounded(t *testing.T) {
	var b bounded
	piece := make([]byte, 1<<20)
	for range 16 {
		if _, err := b.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Write(piece[:1]); err == nil {
		t.Error("16 MiB and one byte are taken")
	}
}
