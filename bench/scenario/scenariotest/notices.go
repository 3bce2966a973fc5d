//go:build linux

package scenariotest

import (
	"strings"
	"testing"

	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/scenario"
)

// victim is the subscriber whose deliveries are tampered with.
const victim = 3

// Once does something else to the n-th delivery to one subscriber. tamper gets
// all frames that it was to have so far.
func Once(n int, tamper func(frames []string) []string) pushertest.Tamper {
	var frames []string
	return func(subscriber int, frame string) []string {
		if subscriber != victim {
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

// Notices fails when a server that loses or repeats a message gets a figure
// from s: whatever it does wrong, it must not, and must not hang the run
// either. s must have four subscribers or more and send each of them as many
// messages.
func Notices(t *testing.T, s scenario.Scenario) {
	t.Helper()
	f := func(want string, tamper func([]string) []string) {
		t.Helper()
		server := pushertest.StartTampering(t, Once(4, tamper))
		r, err := s.Run(Context(t), Local(server))
		if err == nil || !strings.Contains(err.Error(), want) || r.Counts.Clean() {
			t.Errorf("%+v: got %v and %+v, want %q", s, err, r.Counts, want)
		}
	}
	f("1 lost, 0 duplicated, 0 out of order", lose)
	f("0 lost, 1 duplicated, 0 out of order", twice)
	f("0 lost, 1 duplicated, 0 out of order", repeat)
}

// NoticesSwap fails unless a swap is told as such: nothing is lost.
func NoticesSwap(t *testing.T, s scenario.Scenario) {
	t.Helper()
	held := ""
	server := pushertest.StartTampering(t, func(subscriber int, frame string) []string {
		switch {
		case subscriber != victim:
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
	r, err := s.Run(Context(t), Local(server))
	if err == nil || r.Counts.Reordered != 1 || r.Counts.Lost != 0 || r.Counts.Duplicated != 0 {
		t.Errorf("%+v: got %v and %+v", s, err, r.Counts)
	}
}
