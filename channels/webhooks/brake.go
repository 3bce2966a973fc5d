package webhooks

import "sync"

// brake lets requests begin, or not, and knows when none is under way. Any
// goroutine may use it. Zero lets them begin.
type brake struct {
	// Guarded by mu.
	mu   sync.Mutex
	busy int           // requests under way
	idle chan struct{} // closed when none is; nil while requests may begin
	off  chan struct{} // closed when they may again; nil while they may
}

// enter waits until a request may begin, which exit ends. It returns false, and
// nothing is to be ended, when quit was closed first.
func (b *brake) enter(quit <-chan struct{}) bool {
	for {
		off := b.try()
		if off == nil {
			return true
		}
		select {
		case <-off:
		case <-quit:
			return false
		}
	}
}

// try begins a request, or returns what will be closed when it may be.
func (b *brake) try() (off <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.off == nil {
		b.busy++
		return nil
	}
	return b.off
}

func (b *brake) exit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy--; b.busy == 0 && b.idle != nil {
		close(b.idle)
	}
}

// pull lets no request begin any more, and returns what is closed when none is
// under way. The brake must be off.
func (b *brake) pull() (idle <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle, b.off = make(chan struct{}), make(chan struct{})
	if b.busy == 0 {
		close(b.idle)
	}
	return b.idle
}

// release lets requests begin again. The brake must be on.
func (b *brake) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.off)
	b.idle, b.off = nil, nil
}
