package engine

import (
	"sync"
	"sync/atomic"
)

// mailbox is the one way onto a loop. Control tasks run with the loop's next
// turn. Deliveries (bulk) run in order too, but only so many per lap over the
// subscribers (see runDeliveries): what is published while a loop is busy
// sending is merged into one send per connection, and what is too much waits
// here, where it is bounded.
type mailbox struct {
	limit    int64
	reserved atomic.Int64 // bytes of deliveries reserved or posted

	mu      sync.Mutex
	control []Task   // guarded by mu
	bulk    []posted // guarded by mu
	awake   bool     // guarded by mu: a turn is due, or running
}

// posted is a delivery in the mailbox.
type posted struct {
	task Task
	at   int64 // Loop.clock
}

// reserve takes room for a delivery. An empty mailbox takes any: what is
// larger than the limit could otherwise never pass. Any goroutine.
func (m *mailbox) reserve(n int) bool {
	if after := m.reserved.Add(int64(n)); after <= m.limit || after == int64(n) {
		return true
	}
	m.reserved.Add(int64(-n))
	return false
}

func (m *mailbox) release(n int) { m.reserved.Add(int64(-n)) }

// post appends a task and reports whether the loop has to be woken.
func (m *mailbox) post(t Task) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.control = append(m.control, t)
	return m.rouse()
}

func (m *mailbox) postBulk(d posted) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bulk = append(m.bulk, d)
	return m.rouse()
}

// rouseLoop is post without a task: the loop itself has something to flush.
func (m *mailbox) rouseLoop() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rouse()
}

func (m *mailbox) rouse() bool {
	was := m.awake
	m.awake = true
	return !was
}

// takeControl swaps the control tasks for an empty list.
func (m *mailbox) takeControl(empty []Task) []Task {
	m.mu.Lock()
	defer m.mu.Unlock()
	tasks := m.control
	m.control = empty[:0]
	return tasks
}

// takeBulk swaps the deliveries for an empty list.
func (m *mailbox) takeBulk(empty []posted) []posted {
	m.mu.Lock()
	defer m.mu.Unlock()
	tasks := m.bulk
	m.bulk = empty[:0]
	return tasks
}

// waiting is how many tasks and deliveries wait, and Loop.clock when the oldest of
// the deliveries was posted; 0 when there are none. Any goroutine.
func (m *mailbox) waiting() (tasks int, since int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.bulk) > 0 {
		since = m.bulk[0].at
	}
	return len(m.control) + len(m.bulk), since
}

// idle tells that nothing waits and no turn is due or under way. Any goroutine.
func (m *mailbox) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.awake && len(m.control)+len(m.bulk) == 0
}

// settle ends a turn. It reports whether another one is due, because work is
// left or came meanwhile; else the next post wakes the loop.
func (m *mailbox) settle(workLeft bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.awake = workLeft || len(m.control) > 0 || len(m.bulk) > 0
	return m.awake
}
