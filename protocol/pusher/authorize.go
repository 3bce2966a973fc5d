package pusher

import (
	"cmp"
	"container/heap"
	"fmt"
	"time"

	"fanfare/channels/apps"
	"fanfare/engine"
)

// Of an app with authorized connections a newcomer counts only once it has
// signed in or has a private or presence subscription; until then it is here on
// probation, for as long as the app says.

// authorize does what authorizes the session, which then counts among the app's
// connections. When the app has as many as it may have, the connection is closed
// before anybody hears of it.
func (s *session) authorize(c *engine.Conn, do func() error) error {
	if s.Counts {
		return do()
	}
	limit := s.tenant.App.MaxConnections
	if s.Counts = s.tenant.Live.Reserve(limit); !s.Counts {
		s.tenant.Live.Refuse(apps.RefusedQuota)
		s.End(c, codeQuota, textQuota(limit))
		return nil
	}
	err := do()
	if err != nil {
		s.Counts = false
		s.tenant.Live.Cancel()
		return err
	}
	s.tenant.Live.Confirm()
	return nil
}

func textQuota(limit int) string {
	return fmt.Sprintf("app has its maximum of %d connections open", limit)
}

// release gives back the session's part of the app's connections.
func (s *session) release() {
	if s.Counts {
		s.Counts = false
		s.tenant.Live.Release()
	}
}

// probation closes the session when it is not authorized in the time that is left,
// 0 for all that the app gives.
func (s *session) probation(c *engine.Conn, left time.Duration) {
	s.home.deadlines.add(c, s.now()+cmp.Or(left, s.tenant.App.AuthorizationTimeout))
}

// deadlines are a loop's sessions on probation, with one timer for all. Owned
// by the loop.
type deadlines struct {
	home  *home
	list  deadlineHeap
	armed time.Duration // when the timer goes off; 0 while it is not set

	dues map[engine.Handle]time.Duration // list by handle; nil until somebody asks
}

type deadline struct {
	due    time.Duration // on the server's clock
	handle engine.Handle
}

func (d *deadlines) add(c *engine.Conn, due time.Duration) {
	d.dues = nil
	heap.Push(&d.list, deadline{due: due, handle: c.Handle()})
	d.arm(c.Loop())
}

// arm sets the timer for the first deadline.
func (d *deadlines) arm(l *engine.Loop) {
	if len(d.list) == 0 || d.armed != 0 && d.armed <= d.list[0].due {
		return
	}
	d.armed = d.list[0].due
	time.AfterFunc(d.armed-d.home.server.clock(), func() { l.Post(d) })
}

// Run implements engine.Task: who is late is closed.
func (d *deadlines) Run(l *engine.Loop) {
	d.armed, d.dues = 0, nil
	now := d.home.server.clock()
	for len(d.list) > 0 && d.list[0].due <= now {
		late := heap.Pop(&d.list).(deadline)
		if c := l.Conn(late.handle); c != nil {
			d.expire(c)
		}
	}
	d.arm(l)
}

// left is how long a session on probation has left; 0 or less when it is late.
func (d *deadlines) left(h engine.Handle) time.Duration {
	if d.dues == nil {
		d.dues = make(map[engine.Handle]time.Duration, len(d.list))
		for _, e := range d.list {
			d.dues[e.handle] = e.due
		}
	}
	return d.dues[h] - d.home.server.clock()
}

func (*deadlines) expire(c *engine.Conn) {
	s, ok := c.Receiver().(*session)
	if !ok || s.Counts || !c.Open() {
		return
	}
	if !s.tenant.App.AuthorizedConnections { // any more
		_ = s.authorize(c, func() error { return nil })
		return
	}
	s.tenant.Live.Refuse(apps.RefusedUnauthorized)
	s.End(c, codeUnauthorized, "Connection not authorized within timeout")
}

// deadlineHeap implements heap.Interface.
type deadlineHeap []deadline

func (h deadlineHeap) Len() int           { return len(h) }
func (h deadlineHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h deadlineHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *deadlineHeap) Push(x any) { *h = append(*h, x.(deadline)) }

// Pop implements heap.Interface.
func (h *deadlineHeap) Pop() any {
	all := *h
	last := all[len(all)-1]
	*h = all[:len(all)-1]
	if len(*h) == 0 {
		*h = nil // a burst must not keep its memory
	}
	return last
}
