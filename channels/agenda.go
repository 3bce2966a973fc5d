package channels

import (
	"container/heap"
	"sync"
	"time"
)

// agenda is which channels are to be looked at, and when.
type agenda struct {
	mu      sync.Mutex
	entries entries // guarded by mu: a heap
}

type entry struct {
	due     time.Time
	channel *channel
}

// add puts a channel in. Its lock may be held.
func (a *agenda) add(due time.Time, c *channel) {
	a.mu.Lock()
	defer a.mu.Unlock()
	heap.Push(&a.entries, entry{due: due, channel: c})
}

// take takes the first entry out if it is due.
func (a *agenda) take(now time.Time) (entry, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.entries) == 0 || now.Before(a.entries[0].due) {
		return entry{}, false
	}
	return heap.Pop(&a.entries).(entry), true
}

// soonest takes the first entry out, due or not.
func (a *agenda) soonest() (entry, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.entries) == 0 {
		return entry{}, false
	}
	return heap.Pop(&a.entries).(entry), true
}

// entries implement heap.Interface.
type entries []entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].due.Before(e[j].due) }
func (e entries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *entries) Push(x any) { *e = append(*e, x.(entry)) }

// Pop implements heap.Interface.
func (e *entries) Pop() any {
	all := *e
	last := all[len(all)-1]
	all[len(all)-1] = entry{}
	*e = shrink(all[:len(all)-1])
	return last
}
