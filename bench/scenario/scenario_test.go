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
	return Server{Target: s.Target(), Process: loadgen.Process(os.Getpid())}
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestFanout(t *testing.T) {
	f := func(outstanding int) {
		t.Helper()
		s := pushertest.Start(t)
		r, err := Fanout{Subscribers: 30, Outstanding: outstanding, FrameBytes: 200, Duration: 100 * time.Millisecond}.Run(limited(t), local(s))
		if err != nil {
			t.Fatal(err)
		}
		count := s.Count()
		if count.Deliveries != int(r.Counts.Delivered) || count.Bytes != count.Deliveries*196 || count.Subscribed[channel] != 30 {
			t.Errorf("server counted %+v, scenario %+v", count, r)
		}
		// What was delivered while warming up is not part of the figure.
		if r.Done == 0 || r.Done >= r.Counts.Delivered || r.Done%30 != 0 || r.CPU <= 0 || r.Wall < 100*time.Millisecond {
			t.Errorf("got %+v", r)
		}
	}
	f(1)
	f(8)
}

// A server that misbehaves must not get a figure.
func TestFanoutNotices(t *testing.T) {
	f := func(want string, tamper func(frame string) []string) {
		t.Helper()
		s := pushertest.StartTampering(t, func(subscriber int, frame string) []string {
			if subscriber != 5 {
				return []string{frame}
			}
			return tamper(frame)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := Fanout{Subscribers: 10, Outstanding: 1, FrameBytes: 200, Duration: 50 * time.Millisecond}.Run(ctx, local(s))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("deliveries are missing", func(string) []string { return nil })
	var sent []string
	f("Lost:0 Duplicated:1 ", func(frame string) []string { // the first one comes again, later
		if sent = append(sent, frame); len(sent) == 5 {
			return []string{frame, sent[0]}
		}
		return []string{frame}
	})
}

func TestAPI(t *testing.T) {
	f := func(batch int) {
		t.Helper()
		s := pushertest.Start(t)
		r, err := API{Connections: 4, Batch: batch, FrameBytes: 200, Duration: 100 * time.Millisecond}.Run(limited(t), local(s))
		if err != nil {
			t.Fatal(err)
		}
		if sent := uint64(s.Count().Requests * batch); r.Done == 0 || r.Done >= sent || r.Done%uint64(batch) != 0 {
			t.Errorf("server got %d events, warm-up included, scenario counted %d", sent, r.Done)
		}
	}
	f(1)
	f(10)
}

func TestConnect(t *testing.T) {
	s := pushertest.Start(t)
	r, err := Connect{Connections: 300}.Run(limited(t), local(s))
	if err != nil || r.Done != 300 || s.Count().Subscribed[channel] != 300 {
		t.Errorf("got %+v, %v; server counted %+v", r, err, s.Count())
	}
}

func TestIdle(t *testing.T) {
	f := func(join func(int) loadgen.Subscription, channels int) {
		t.Helper()
		s := pushertest.Start(t)
		r, err := Idle{Connections: 50, Join: join, Hold: 50 * time.Millisecond}.Run(limited(t), local(s))
		if err != nil {
			t.Fatal(err)
		}
		if r.Done != 50 || r.Before <= 0 || r.After <= 0 || r.Wall < 50*time.Millisecond {
			t.Errorf("got %+v", r)
		}
		if got := len(s.Count().Subscribed); got != channels {
			t.Errorf("%d channels, want %d", got, channels)
		}
	}
	f(Shared, 1)
	f(Private, 50)
	f(Presence, 5)
}

func TestPresenceInfoSize(t *testing.T) {
	_, info, found := strings.Cut(strings.TrimSuffix(Presence(0).ChannelData, "}"), `"user_info":`)
	if !found || len(info) != 100 {
		t.Errorf("user info of %d bytes, want 100: %s", len(info), info)
	}
}

func TestResultFigures(t *testing.T) {
	r := Result{Done: 1000, CPU: 500 * time.Millisecond, Before: 1 << 20, After: 1<<20 + 700_000}
	if r.PerCPUSecond() != 2000 || r.BytesEach() != 700 {
		t.Errorf("%v per CPU-second, %v bytes each", r.PerCPUSecond(), r.BytesEach())
	}
}
