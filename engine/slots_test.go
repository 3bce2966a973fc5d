package engine

import (
	"testing"
	"unsafe"
)

// An emptied page is given back, but for one, and no handle of it finds
// anybody, also when other connections sit there.
func TestSlotsGivePagesBack(t *testing.T) {
	var s slots
	l := &Loop{}
	take := func(n int) (handles []Handle) {
		for range n {
			c := s.take()
			c.loop, c.state = l, stateOpen
			handles = append(handles, c.Handle())
		}
		return handles
	}
	leave := func(handles []Handle) {
		for _, h := range handles {
			s.put(s.get(h))
		}
	}
	seen := map[Handle]bool{}
	for range 3 {
		handles := take(10 * pageSize)
		for _, h := range handles {
			if seen[h] {
				t.Fatalf("handle %x was given twice", h)
			}
			seen[h] = true
		}
		kept := handles[5*pageSize]
		leave(handles[:5*pageSize])
		leave(handles[5*pageSize+1:])
		if pages := pagesOf(&s); pages != 2 {
			t.Errorf("%d pages for one connection, want 2: its own and a spare one", pages)
		}
		if s.get(kept) == nil {
			t.Error("the one that stayed is not found")
		}
		for h := range seen {
			if h != kept && s.get(h) != nil {
				t.Fatalf("handle %x of one that left finds somebody", h)
			}
		}
		leave([]Handle{kept})
	}
	if s.live != 0 || pagesOf(&s) != 1 {
		t.Errorf("%d connections and %d pages are left, want 0 and 1", s.live, pagesOf(&s))
	}
}

func pagesOf(s *slots) (n int) {
	for _, p := range s.pages {
		if p != nil {
			n++
		}
	}
	return n
}

// A million connections are promised to be small; who was not named by a proxy
// pays nothing for those who were.
func TestConnIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n > 80 {
		t.Errorf("a connection's record has %d bytes, want 80 or less", n)
	}
	var s slots
	s.take()
	if s.page(0).named != nil {
		t.Error("a page has room for names before there is one")
	}
}
