//go:build linux

package scenario

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/loadgen/pushertest"
)

// local is a plain server in this very process.
func local(s *pushertest.Server) Server {
	return Server{
		Target:    s.Target(),
		Processes: []loadgen.Process{loadgen.Process(os.Getpid())},
		Patience:  300 * time.Millisecond,
	}
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

const short = 100 * time.Millisecond

// once does something else to the n-th delivery to one subscriber.
func once(n int, tamper func(frames []string) []string) pushertest.Tamper {
	var frames []string
	return func(subscriber int, frame string) []string {
		if subscriber != 3 {
			return []string{frame}
		}
		if frames = append(frames, frame); len(frames) != n {
			return []string{frame}
		}
		return tamper(frames)
	}
}

func lose([]string) []string          { return nil }
func twice(frames []string) []string  { return []string{frames[len(frames)-1], frames[len(frames)-1]} }
func repeat(frames []string) []string { return []string{frames[len(frames)-1], frames[0]} }

// A server that misbehaves must not get a figure from any scenario that
// delivers, whatever it does wrong, and must not hang it either.
func TestScenariosNotice(t *testing.T) {
	f := func(name string, s Scenario) {
		t.Helper()
		g := func(want string, tamper func([]string) []string) {
			t.Helper()
			server := pushertest.StartTampering(t, once(4, tamper))
			r, err := s.Run(limited(t), local(server))
			if err == nil || !strings.Contains(err.Error(), want) || r.Counts.Clean() {
				t.Errorf("%s: got %v and %+v, want %q", name, err, r.Counts, want)
			}
		}
		g("1 lost, 0 duplicated, 0 out of order", lose)
		g("0 lost, 1 duplicated, 0 out of order", twice)
		g("0 lost, 1 duplicated, 0 out of order", repeat)
	}
	f("fanout, closed loop", Fanout{Connections: 5, Duration: short})
	f("fanout, open loop", Fanout{Connections: 5, Duration: short, Rate: 200, Outstanding: 2})
	f("market", Market{Connections: 5, Channels: 4, Each: 2, Rate: 400, Duration: short})
	f("notify", Notify{Connections: 4, Rate: 400, Duration: short})
	f("camera", Camera{Cameras: 2, Viewers: 3, Rate: 200, FrameBytes: 30_000, Duration: short})
	f("slow", Slow{Connections: 6, Stalled: 1, Rate: 200, Duration: short})
	f("connect", Connect{Connections: 60, InFlight: 2, Background: 5, Rate: 1000})
}

// A swap is told as such: nothing is lost.
func TestScenariosNoticeSwaps(t *testing.T) {
	f := func(name string, s Scenario) {
		t.Helper()
		held := ""
		server := pushertest.StartTampering(t, func(subscriber int, frame string) []string {
			switch {
			case subscriber != 3:
				return []string{frame}
			case held == "":
				held = frame
				return nil
			case held != "gone":
				list := []string{frame, held}
				held = "gone"
				return list
			}
			return []string{frame}
		})
		r, err := s.Run(limited(t), local(server))
		if err == nil || r.Counts.Reordered != 1 || r.Counts.Lost != 0 || r.Counts.Duplicated != 0 {
			t.Errorf("%s: got %v and %+v", name, err, r.Counts)
		}
	}
	f("fanout", Fanout{Connections: 5, Rate: 200, Duration: short})
	f("market", Market{Connections: 5, Channels: 1, Each: 1, Rate: 400, Duration: short})
}

// A message that comes to somebody else is told, too.
func TestNotifyNoticesStrays(t *testing.T) {
	server := pushertest.StartTampering(t, func(subscriber int, frame string) []string {
		if subscriber != 3 {
			return []string{frame}
		}
		before, after, _ := strings.Cut(frame, "seq=000000")
		return []string{before + "seq=000000" + string('0'+(after[0]-'0'+1)%4) + after[1:]}
	})
	r, err := Notify{Connections: 4, Rate: 400, Duration: short}.Run(limited(t), local(server))
	if err == nil || r.Counts.Stray == 0 {
		t.Errorf("got %v and %+v", err, r.Counts)
	}
}

// Progress is told at the beginning of each phase and once a second, and its
// last word is near the result.
func TestProgress(t *testing.T) {
	s := local(pushertest.Start(t))
	var phases []Phase
	var last Progress
	s.Progress = func(p Progress) {
		if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
			phases = append(phases, p.Phase)
		}
		last = p
	}
	r, err := Fanout{Connections: 5, Rate: 100, Duration: 1200 * time.Millisecond}.Run(limited(t), s)
	if err != nil {
		t.Fatal(err)
	}
	want := []Phase{Connecting, WarmingUp, Draining, Measuring, Draining}
	if len(phases) != len(want) {
		t.Fatalf("phases %q, want %q", phases, want)
	}
	for i := range want {
		if phases[i] != want[i] {
			t.Errorf("phases %q, want %q", phases, want)
		}
	}
	if last.Scenario != "fanout" || last.Ready != 5 || last.Wanted != 5 || last.Done > r.Done || last.Done < r.Done/2 || last.Rate <= 0 || last.P99 <= 0 {
		t.Errorf("last progress %+v, result %+v", last, r)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	if _, err := (Fanout{Connections: 5, Duration: time.Hour}).Run(ctx, local(pushertest.Start(t))); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("got %v", err)
	}
}

func TestResultFigures(t *testing.T) {
	r := Result{Done: 1000, Servers: []Usage{
		{CPU: 300 * time.Millisecond, Before: 1 << 20, Held: 1<<20 + 500_000, After: 1<<20 + 20_000},
		{CPU: 200 * time.Millisecond, Before: 1 << 20, Held: 1<<20 + 200_000, After: 1 << 20},
	}}
	if r.PerCPUSecond() != 2000 || r.BytesEach() != 700 || r.BytesLeft() != 20 {
		t.Errorf("%v per CPU-second, %v bytes each, %v left", r.PerCPUSecond(), r.BytesEach(), r.BytesLeft())
	}
}
