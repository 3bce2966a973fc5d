package linger

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// slice is how many ends are told with the lock held once: an event loop may
	// be waiting for it.
	slice = 128

	// coarse is the least time between two turns of a shard's timer. Many ends a
	// second share a turn, and come that much later.
	coarse = 20 * time.Millisecond

	// large is how many keys make a map that is not kept when it is empty again,
	// because maps do not shrink.
	large = 1024
)

// shard is some of the keys. All delays are equal, so the keys stand in a queue
// in the order in which they are due: no heap, no wheel.
type shard[K comparable] struct {
	// Static after construction.
	start time.Time
	delay time.Duration
	own   int           // keys that it always has room for, 1 or more
	room  *atomic.Int64 // for more, shared by all
	tell  func(K, Change)

	// Guarded by mu.
	mu             sync.Mutex
	waiting        map[K]*node[K]
	oldest, newest *node[K]
	most           int         // how large the map has been
	timer          *time.Timer // nil before the first end
	armed          bool        // the timer runs, or its turn does
	stopped        bool
	paused         bool   // what is due waits
	changes        uint64 // begins and ends so far

	_ [64]byte // the next shard's lock shall have a cache line of its own
}

// node is one key in its delay.
type node[K comparable] struct {
	key          K
	due          time.Duration // since start, on the monotonic clock
	older, newer *node[K]
}

func (s *shard[K]) init(start time.Time, delay time.Duration, own int, room *atomic.Int64, tell func(K, Change)) {
	s.start, s.delay, s.own, s.room, s.tell = start, delay, own, room, tell
}

func (s *shard[K]) begin(k K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.changes++
	n, lingers := s.waiting[k]
	if !lingers {
		s.tell(k, Came)
		return
	}
	s.removeLocked(n)
	s.tell(k, Returned)
}

func (s *shard[K]) end(k K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	if _, lingers := s.waiting[k]; lingers || s.stopped {
		return
	}
	for !s.takeRoomLocked() {
		s.goneLocked(s.oldest)
	}
	s.addLocked(&node[K]{key: k, due: time.Since(s.start) + s.delay}, s.newest)
	s.armLocked(s.delay)
	s.tell(k, Left)
}

func (s *shard[K]) has(k K) (lingers bool, changes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, lingers = s.waiting[k]
	return lingers, s.changes
}

func (s *shard[K]) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// turn is the timer's: it tells the ends that are due, a slice at a time.
func (s *shard[K]) turn() {
	for s.tellDue() {
	}
}

// tellDue tells a slice and reports whether more are due. If not, the timer is
// armed for the next that will be.
func (s *shard[K]) tellDue() (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused {
		s.armed = false
		return false
	}
	now := time.Since(s.start)
	for range slice {
		if s.oldest == nil || s.oldest.due > now {
			s.armed = false
			if s.oldest != nil {
				s.armLocked(max(s.oldest.due-now, coarse))
			}
			return false
		}
		s.goneLocked(s.oldest)
	}
	return true
}

func (s *shard[K]) armLocked(d time.Duration) {
	switch {
	case s.armed:
		return
	case s.timer == nil:
		s.timer = time.AfterFunc(d, s.turn)
	default:
		s.timer.Reset(d)
	}
	s.armed = true
}

func (s *shard[K]) flush() {
	for {
		s.mu.Lock()
		for range slice {
			if s.oldest == nil {
				s.mu.Unlock()
				return
			}
			s.goneLocked(s.oldest)
		}
		s.mu.Unlock()
	}
}

func (s *shard[K]) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.waiting, s.oldest, s.newest = nil, nil, nil
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *shard[K]) goneLocked(n *node[K]) {
	s.removeLocked(n)
	s.tell(n.key, Gone)
}

// takeRoomLocked takes room for a key. It returns false when there is none, and
// then the shard has keys of which one may go.
func (s *shard[K]) takeRoomLocked() bool {
	if len(s.waiting) < s.own || s.room.Add(-1) >= 0 {
		return true
	}
	s.room.Add(1)
	return false
}

// addLocked puts a node into the queue behind older, which may be nil.
func (s *shard[K]) addLocked(n, older *node[K]) {
	if s.waiting == nil {
		s.waiting = make(map[K]*node[K])
	}
	s.waiting[n.key] = n
	s.most = max(s.most, len(s.waiting))
	n.older, n.newer = older, s.oldest
	if older != nil {
		n.newer = older.newer
		older.newer = n
	} else {
		s.oldest = n
	}
	if n.newer != nil {
		n.newer.older = n
	} else {
		s.newest = n
	}
}

func (s *shard[K]) removeLocked(n *node[K]) {
	if len(s.waiting) > s.own {
		s.room.Add(1)
	}
	delete(s.waiting, n.key)
	if len(s.waiting) == 0 && s.most > large {
		s.waiting, s.most = nil, 0
	}
	if n.older == nil {
		s.oldest = n.newer
	} else {
		n.older.newer = n.newer
	}
	if n.newer == nil {
		s.newest = n.older
	} else {
		n.newer.older = n.older
	}
	n.older, n.newer = nil, nil
}
