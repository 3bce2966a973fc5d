package logs

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Who reads too slowly misses lines and is told so; nobody waits for it.
func TestASlowReaderHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		l, err := New(w, Config{})
		if err != nil {
			t.Fatal(err)
		}
		const lines = 20_000
		text := strings.Repeat("x", 200)
		for i := range lines {
			l.Info("line", "n", i, "text", text)
		}
		var got bytes.Buffer
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(&got, r)
		}()
		synctest.Wait()
		l.Info("last")
		l.Close()
		_ = w.Close()
		<-read
		whole, lost := 0, 0
		for line := range strings.Lines(got.String()) {
			if strings.Contains(line, "msg=line n=") && strings.HasSuffix(line, text+"\n") {
				whole++
			}
			if _, after, ok := strings.Cut(line, "lines="); ok {
				if _, err := fmt.Sscan(after, &lost); err != nil {
					t.Error(err)
				}
			}
		}
		if whole+lost != lines || lost == 0 || whole*200 < maxWaiting/2 {
			t.Errorf("%d lines whole, %d told to be lost, of %d", whole, lost, lines)
		}
		if !strings.HasSuffix(got.String(), "msg=last\n") {
			t.Error("what comes after is missing")
		}
	})
}

func TestCloseDoesNotWaitForAReaderWhoIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		l, err := New(w, Config{})
		if err != nil {
			t.Fatal(err)
		}
		l.Info("line")
		begun := time.Now()
		l.Close()
		if took := time.Since(begun); took != closeTime {
			t.Errorf("it took %v, want %v", took, closeTime)
		}
		l.Info("too late")
		_ = r.Close() // the write fails, and the goroutine ends
	})
}

func BenchmarkInfo(b *testing.B) {
	l, err := New(io.Discard, Config{JSON: true})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		l.LogAttrs(b.Context(), slog.LevelInfo, "refused", slog.String("path", "/apps/1/events"), slog.Int("status", 401))
	}
}
