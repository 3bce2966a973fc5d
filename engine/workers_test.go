package engine

import (
	"errors"
	"log/slog"
	"testing"
	"time"
)

// A worker that is stuck, and a full queue behind it, do not hold up the end.
func TestStopWithAStuckWorker(t *testing.T) {
	w, err := newWorkers(1, 4, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stuck, started := make(chan struct{}), make(chan struct{})
	if err := w.submit(func() { close(started); <-stuck }); err != nil {
		t.Fatal(err)
	}
	<-started
	for err == nil {
		err = w.submit(func() {})
	}
	if !errors.Is(err, ErrPoolFull) {
		t.Fatal(err)
	}
	begun := time.Now()
	w.stop()
	close(stuck)
	if took := time.Since(begun); took > 2*workersGrace {
		t.Errorf("stop took %v", took)
	}
}

// Leak checks can't tell our idle workers from those of gnet's pool.
func TestStopEndsWorkers(t *testing.T) {
	w, err := newWorkers(4, 16, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{}, 16)
	for range cap(ran) {
		if err := w.submit(func() { ran <- struct{}{} }); err != nil {
			t.Fatal(err)
		}
	}
	for range cap(ran) {
		<-ran
	}
	w.stop()
	if n := w.pool.Running(); n != 0 {
		t.Errorf("%d workers are left", n)
	}
}
