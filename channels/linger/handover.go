package linger

import (
	"cmp"
	"slices"
	"time"
)

// Lingering is a key in its delay, as one set writes it down for another.
type Lingering[K comparable] struct {
	Key  K
	Left time.Duration // of its delay; not above 0 when only a timer's turn is missing
}

// Pause keeps the set's timers from telling: what comes due waits until
// [Set.Resume]. Begin, End and Flush do and tell what they always do. No timer
// is telling anything any more when Pause returns.
func (s *Set[K]) Pause() {
	for i := range s.shards {
		s.shards[i].pause()
	}
}

// Resume ends a pause. What came due meanwhile is told at once, by timers.
func (s *Set[K]) Resume() {
	for i := range s.shards {
		s.shards[i].resume()
	}
}

// Export writes down what is in its delay, for Import. It tells nothing and the
// set goes on, so whoever hands the keys over for good pauses it before. Keys
// with one home come in the order in which they are due.
func (s *Set[K]) Export() []Lingering[K] {
	now := time.Now()
	list := make([]Lingering[K], 0, s.Len())
	for i := range s.shards {
		list = s.shards[i].export(list, now)
	}
	return list
}

// Import takes up what another set wrote down, and tells nothing of it: each key
// is in its delay for the time that it has left, though never longer than a
// whole delay here. One whose time is over is told by a timer at once. Keys with
// one home that are due at the same time keep the order of the list. A key that
// is in its delay already stays as it is.
//
// All are taken, also beyond Max. Then the oldest of a shard are told early when
// the next one ends there, as in any set that is full. The list is sorted.
func (s *Set[K]) Import(list []Lingering[K]) {
	slices.SortStableFunc(list, func(a, b Lingering[K]) int { return cmp.Compare(a.Left, b.Left) })
	now := time.Now()
	for i := range list {
		l := &list[i]
		s.shard(l.Key).adopt(l.Key, now, l.Left)
	}
}

func (s *shard[K]) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = true
}

func (s *shard[K]) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = false
	if s.oldest != nil {
		s.armed = false // perhaps for what ended in the pause
		s.armLocked(max(s.oldest.due-time.Since(s.start), 0))
	}
}

func (s *shard[K]) export(list []Lingering[K], now time.Time) []Lingering[K] {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := s.oldest; n != nil; n = n.newer {
		list = append(list, Lingering[K]{Key: n.key, Left: n.due - now.Sub(s.start)})
	}
	return list
}

// adopt puts a key into its delay. It is cheap when keys come in the order in
// which they are due, and nothing that lingers is due later.
func (s *shard[K]) adopt(k K, now time.Time, left time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	if _, lingers := s.waiting[k]; lingers || s.stopped {
		return
	}
	if !s.takeRoomLocked() {
		s.room.Add(-1) // below zero: a debt that is paid back when it goes
	}
	left = min(left, s.delay) // what ends later is due later
	n := &node[K]{key: k, due: now.Sub(s.start) + left}
	older := s.newest
	for older != nil && older.due > n.due {
		older = older.older
	}
	s.addLocked(n, older)
	if older == nil { // it is due before what the timer may be armed for
		s.armed = false
		s.armLocked(max(left, 0))
	}
}
