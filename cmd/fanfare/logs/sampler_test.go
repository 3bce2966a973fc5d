package logs

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sampled is a sampler and what it has written.
type sampled struct {
	*slog.Logger
	*Sampler
	out bytes.Buffer
}

func newSampled(cfg SamplerConfig) *sampled {
	s := new(sampled)
	s.Sampler = NewSampler(slog.NewTextHandler(&s.out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}), cfg)
	s.Logger = slog.New(s.Sampler)
	return s
}

// lines gives what was written since it was last asked.
func (s *sampled) lines() []string {
	defer s.out.Reset()
	return strings.Split(strings.TrimSuffix(s.out.String(), "\n"), "\n")
}

func TestTheFirstLinesAndFewOfTheRestAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampled(SamplerConfig{Interval: time.Second, First: 2, Every: 3})
		for i := range 10 {
			s.Warn("flood", "n", i)
		}
		want := "level=WARN msg=flood n=0|level=WARN msg=flood n=1|level=WARN msg=flood n=4 suppressed=2|level=WARN msg=flood n=7 suppressed=2"
		if got := strings.Join(s.lines(), "|"); got != want {
			t.Errorf("wrote %s\nwant %s", got, want)
		}
		<-time.After(999 * time.Millisecond)
		s.Warn("flood")
		synctest.Wait()
		if got := s.out.String(); got != "level=WARN msg=flood suppressed=2\n" {
			t.Errorf("within the interval: %q", got)
		}
		s.out.Reset()
		s.Warn("flood")
		<-time.After(time.Millisecond)
		synctest.Wait()
		if got := s.out.String(); got != "level=WARN msg=flood suppressed=1\n" {
			t.Errorf("at its end: %q", got)
		}
		s.out.Reset()
		s.Warn("flood", "n", 1)
		if got := s.out.String(); got != "level=WARN msg=flood n=1\n" {
			t.Errorf("in the next: %q", got)
		}
		s.Flush()
	})
}

func TestQuietIntervalsSayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampled(SamplerConfig{})
		for range 20 {
			s.Info("now and then")
			<-time.After(time.Second)
		}
		if got := s.lines(); len(got) != 20 || strings.Contains(strings.Join(got, ""), "suppressed") {
			t.Errorf("wrote %q", got)
		}
		s.Flush()
	})
}

func TestLevelsAndMessagesCountApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampled(SamplerConfig{First: 1})
		for range 3 {
			s.Info("a")
			s.Warn("a")
			s.Info("b")
			s.With("more", 1).WithGroup("g").Info("b", "x", 1)
			s.Debug("not written, and not counted")
		}
		s.Flush()
		got := strings.Join(s.lines(), "|")
		if !strings.HasPrefix(got, "level=INFO msg=a|level=WARN msg=a|level=INFO msg=b|") || strings.Count(got, "suppressed=2") != 2 ||
			strings.Count(got, "suppressed=5") != 1 || strings.Contains(got, "not written") {
			t.Errorf("wrote %s", got)
		}
	})
}

// Messages that a peer makes up take no room without a bound.
func TestMessagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampled(SamplerConfig{First: 5})
		const messages = 100_000
		for i := range messages {
			s.Info(fmt.Sprint("made up ", i))
		}
		if n := len(s.counts.seen); n > maxKinds+1 {
			t.Errorf("%d messages are counted", n)
		}
		wrote := len(s.lines())
		if least, most := maxKinds, maxKinds+5+messages/1000; wrote < least || wrote > most {
			t.Errorf("wrote %d lines, want %d to %d", wrote, least, most)
		}
		s.Flush()
		if got := s.out.String(); !strings.HasPrefix(got, `level=INFO msg="lines of many kinds" suppressed=`) {
			t.Errorf("at the end: %q", got)
		}
	})
}

func TestAllocSuppressedLines(t *testing.T) {
	s := NewSampler(slog.DiscardHandler, SamplerConfig{Interval: time.Hour, First: 1, Every: 1 << 40})
	defer s.Flush()
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "flood", 0)
	r.AddAttrs(slog.String("path", "/"), slog.Int("status", 503))
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { _ = s.Handle(ctx, r) }); n > 0 {
		t.Errorf("%v allocations for a line that is left out", n)
	}
}

func BenchmarkSuppressed(b *testing.B) {
	s := NewSampler(slog.DiscardHandler, SamplerConfig{Interval: time.Hour})
	defer s.Flush()
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "flood", 0)
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Handle(b.Context(), r)
	}
}
