package webhooks

import (
	"slices"
	"sync"
)

// places are for requests under way, and are shared out among apps: who holds
// places gets another one only while more than that are free. So an app alone
// gets half of them, n apps that want all get an n+1th each, and as many are
// left for whoever comes next. It does not matter how long requests take, nor how
// many an app would like to make.
type places struct {
	quit <-chan struct{} // static: closed when nobody is let in any more

	// Guarded by mu.
	mu     sync.Mutex
	free   int
	shares map[claim]*share // of those who hold places or wait
	turns  []*share         // of those who wait, whose turn it is first
}

// claim is who wants places: an app, and how many have to be free for each that
// it holds. With 1 it gets half of them when it is alone, with 15 a sixteenth.
type claim struct {
	app  string
	keep int
}

type share struct {
	claim
	held    int
	waiting []chan struct{} // closed to let in; first come, first served
}

func newPlaces(n int, quit <-chan struct{}) *places {
	return &places{quit: quit, free: n, shares: map[claim]*share{}}
}

// enter waits for a place. It returns false, and nothing is to be given back,
// when quit was closed first.
func (p *places) enter(c claim) bool {
	turn := p.take(c)
	if turn == nil {
		return true
	}
	select {
	case <-turn:
		return true
	case <-p.quit: // a place that is given at this moment is nobody's: all end
		return false
	}
}

// take takes a place, or returns what will be closed when one is there.
func (p *places) take(c claim) (turn chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shares[c]
	if s == nil {
		s = &share{claim: c}
		p.shares[c] = s
	}
	if len(s.waiting) == 0 && p.mayLocked(s) {
		p.giveLocked(s)
		return nil
	}
	if len(s.waiting) == 0 {
		p.turns = append(p.turns, s)
	}
	turn = make(chan struct{})
	s.waiting = append(s.waiting, turn)
	return turn
}

// leave gives a place back, and lets in whoever may come now.
func (p *places) leave(c claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shares[c]
	s.held--
	p.free++
	for p.admitLocked() {
	}
	if s.held == 0 && len(s.waiting) == 0 {
		delete(p.shares, c)
	}
}

func (p *places) mayLocked(s *share) bool { return s.held*s.keep < p.free }

func (p *places) giveLocked(s *share) {
	s.held++
	p.free--
}

// admitLocked lets in the first in turn that may come, and reports whether there
// was one. Those who hold nothing always may while a place is free, so it looks
// at no more shares than there are places.
func (p *places) admitLocked() bool {
	if p.free == 0 {
		return false
	}
	i := slices.IndexFunc(p.turns, p.mayLocked)
	if i < 0 {
		return false
	}
	s := p.turns[i]
	p.giveLocked(s)
	close(s.waiting[0])
	s.waiting = slices.Delete(s.waiting, 0, 1)
	p.turns = slices.Delete(p.turns, i, i+1)
	if len(s.waiting) > 0 {
		p.turns = append(p.turns, s)
	}
	return true
}
