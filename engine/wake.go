//go:build unix

package engine

import (
	"context"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// gnet makes its loops as it starts and tells of none before its first
// connection. Until then a loop of ours is not attached: it has nothing to
// serve, and what is posted to it waits.

// loopOf finds our loop of gnet's, and pairs them at the first connection.
func (t *sockets) loopOf(el gnet.EventLoop) *Loop {
	t.mu.RLock()
	for i, known := range t.loopsOf {
		if known == el {
			t.mu.RUnlock()
			return t.server.loops[i]
		}
	}
	t.mu.RUnlock()
	return t.attach(el)
}

func (t *sockets) attach(el gnet.EventLoop) *Loop {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, known := range t.loopsOf {
		if known != nil {
			continue
		}
		t.loopsOf[i] = el
		l := t.server.loops[i]
		t.hang(el, l)
		l.begin(time.Now())
		if t.asleep[i] {
			_ = el.Execute(context.Background(), turner{l}) // fails only at the end of all loops
		}
		return l
	}
	panic("engine: gnet has more loops than were asked for")
}

func (t *sockets) attached(l *Loop) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.loopsOf[l.index] != nil
}

// turner is a loop's turn as gnet runs it.
type turner struct{ l *Loop }

func (r turner) Run(context.Context) error {
	r.l.Turn()
	return nil
}

// Wake has gnet run a turn after the current batch of I/O. Once the loops are to end
// it does nothing: gnet closes what it wakes them by before it says so, and the
// number may be that of a file of somebody else's when it is written to.
func (t *sockets) Wake(l *Loop) {
	t.mu.RLock()
	el := t.loopsOf[l.index]
	if g := t.grips[l.index]; g != nil {
		g.rouse()
	} else if el != nil && !t.deaf {
		_ = el.Execute(context.Background(), turner{l}) // which does not wait
	}
	t.mu.RUnlock()
	if el == nil {
		t.wakeUnattached(l)
	}
}

func (t *sockets) wakeUnattached(l *Loop) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if el := t.loopsOf[l.index]; el != nil && !t.deaf {
		_ = el.Execute(context.Background(), turner{l})
		return
	}
	t.asleep[l.index] = true
}

// writable posts what the poller found to the loops.
func (t *sockets) writable(handles []Handle) {
	byLoop := make(map[int]writableTask)
	for _, h := range handles {
		byLoop[LoopOf(h)] = append(byLoop[LoopOf(h)], h)
	}
	for i, task := range byLoop {
		t.server.loops[i].Post(task)
	}
}

type writableTask []Handle

func (hs writableTask) Run(l *Loop) {
	for _, h := range hs {
		l.Writable(h)
	}
}
