package engine

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// wakeCounter stands for a loop of gnet's.
type wakeCounter struct {
	gnet.EventLoop
	woken atomic.Int64
}

func (c *wakeCounter) Execute(context.Context, gnet.Runnable) error {
	c.woken.Add(1)
	return nil
}

// gnet's loops are left alone once they are to end: what wakes them is closed, and
// its number may be that of somebody else's file.
func TestLoopsThatEndAreNotWoken(t *testing.T) {
	s, err := New(Config{Addrs: []string{"127.0.0.1:0"}, Loops: 1, Logger: slog.New(slog.DiscardHandler)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	el := &wakeCounter{}
	s.sockets.mu.Lock()
	s.sockets.loopsOf[0] = el
	s.sockets.mu.Unlock()
	s.sockets.Wake(s.loops[0])
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx, nil); err != nil {
		t.Fatal(err)
	}
	before := el.woken.Load()
	s.sockets.Wake(s.loops[0])
	if after := el.woken.Load() - before; before == 0 || after != 0 {
		t.Errorf("woken %d times before the end and %d times after it", before, after)
	}
}
