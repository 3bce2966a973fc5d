package linger

import (
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"
)

// What is used where [Config] says nothing.
const (
	DefaultDelay = 3 * time.Second
	DefaultMax   = 1 << 20
)

// shards is how many locks share the keys, a power of two.
const shards = 64

// Change is what became of a key.
type Change uint8

// The changes. A listener that only wants the smoothed truth looks at Came and
// Gone; the other two are for those who keep book of what is in its delay.
const (
	Came     Change = iota // began, and was not in its delay
	Left                   // ended: the delay starts
	Returned               // began again within the delay: neither Gone nor Came is told
	Gone                   // ended, and the delay is over
)

// Config is what a Set is made of.
type Config[K comparable] struct {
	// Delay is how long an end waits; 0 = [DefaultDelay].
	Delay time.Duration

	// Max is how many keys may be in their delay at once, about 200 bytes each;
	// 0 = [DefaultMax]. Beyond it an end is told before its time, so that nothing
	// is lost: the oldest of the same shard. Keys are spread over 64 shards by
	// their homes. An eighth of Max is theirs in equal parts, at least a key each,
	// so that one home with very many keys can't take the delay from all others.
	// The rest is for whoever needs it.
	Max int

	// Tell is told every change. Calls for one key are made in the order in which
	// things happened, by the goroutine that did it or by a timer's, with a lock
	// held: it must return within moments and must not call the Set.
	Tell func(K, Change)

	// Home keeps the order among several keys: for those with the same number the
	// calls to Tell come in order. Nil gives each key a number of its own.
	Home func(K) uint64
}

// Set is the keys that are in their delay.
type Set[K comparable] struct {
	// Static after construction.
	home   func(K) uint64
	shards [shards]shard[K]

	// Atomic.
	room atomic.Int64 // for keys beyond the shards' own
}

// New returns an empty set. It panics when the config can't work.
func New[K comparable](cfg Config[K]) *Set[K] {
	if cfg.Tell == nil || cfg.Delay < 0 || cfg.Max < 0 {
		panic(fmt.Sprintf("linger: Config needs Tell, and a Delay (%v) and Max (%d) that are not negative", cfg.Delay, cfg.Max))
	}
	if cfg.Delay == 0 {
		cfg.Delay = DefaultDelay
	}
	if cfg.Max == 0 {
		cfg.Max = DefaultMax
	}
	if cfg.Home == nil {
		seed := maphash.MakeSeed()
		cfg.Home = func(k K) uint64 { return maphash.Comparable(seed, k) }
	}
	s := &Set[K]{home: cfg.Home}
	start, own := time.Now(), max(cfg.Max/8/shards, 1)
	s.room.Store(int64(max(cfg.Max-own*shards, 0)))
	for i := range s.shards {
		s.shards[i].init(start, cfg.Delay, own, &s.room, cfg.Tell)
	}
	return s
}

func (s *Set[K]) shard(k K) *shard[K] { return &s.shards[s.home(k)%shards] }

// Begin says that the key is on. It tells Returned when the key was in its
// delay, and Came when it was not.
func (s *Set[K]) Begin(k K) { s.shard(k).begin(k) }

// End says that the key is off. It tells Left, and Gone when the delay is over.
// A key that is in its delay already stays as it is.
func (s *Set[K]) End(k K) { s.shard(k).end(k) }

// Lingers tells whether the key ended and is in its delay. To others it is
// still on: what is online is what is on and what lingers.
func (s *Set[K]) Lingers(k K) bool {
	lingers, _ := s.shard(k).has(k)
	return lingers
}

// On reports whether the key is on, or lingers. isOn says which keys are on: it
// is called without a lock, more than once if the key may have begun or ended
// meanwhile, and must know of a begin or an end no later than whoever calls
// Begin or End lets others see it.
func (s *Set[K]) On(k K, isOn func() bool) bool {
	for {
		_, before := s.shard(k).has(k)
		if isOn() {
			return true
		}
		lingers, after := s.shard(k).has(k)
		if lingers || before == after {
			return lingers
		}
	}
}

// Len returns how many keys are in their delay.
func (s *Set[K]) Len() int {
	n := 0
	for i := range s.shards {
		n += s.shards[i].len()
	}
	return n
}

// Flush tells Gone for all that are in their delay, before their time.
func (s *Set[K]) Flush() {
	for i := range s.shards {
		s.shards[i].flush()
	}
}

// Stop ends all timers and forgets what is in its delay. Nothing is told once
// it has returned, whatever is called.
func (s *Set[K]) Stop() {
	for i := range s.shards {
		s.shards[i].stop()
	}
}
