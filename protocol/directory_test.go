package protocol

import (
	"fmt"
	"sync"
	"testing"

	"fanfare/engine"
)

func TestDirectory(t *testing.T) {
	d := NewDirectory()
	a, b := d.Add(11), d.Add(22)
	wants := func(id SocketID, want engine.Handle) {
		t.Helper()
		if h, ok := d.Lookup(id); h != want || ok != (want != 0) {
			t.Errorf("Lookup(%v) = %d, %v, want %d", id, h, ok, want)
		}
	}
	wants(a, 11)
	wants(b, 22)
	wants(SocketID{Slot: a.Slot, Secret: a.Secret ^ 1}, 0)
	wants(SocketID{Slot: a.Slot}, 0)
	wants(SocketID{Slot: 1<<32 - 1, Secret: 1}, 0)
	wants(SocketID{Slot: pageSeats, Secret: 1}, 0)
	if !d.Move(a, 33) || d.Move(SocketID{Slot: a.Slot, Secret: 1}, 44) {
		t.Error("Move")
	}
	wants(a, 33)
	d.Move(a, 0)
	wants(a, 0)
	d.Move(a, 33)
	d.Remove(SocketID{Slot: b.Slot, Secret: a.Secret})
	d.Remove(a)
	d.Remove(a)
	wants(a, 0)
	wants(b, 22)
	c := d.Add(55)
	if c.Slot != a.Slot || c.Secret == a.Secret {
		t.Errorf("%v after %v", c, a)
	}
	wants(a, 0)
	if d.Len() != 2 {
		t.Errorf("%d ids, want 2", d.Len())
	}
}

func TestAdopt(t *testing.T) {
	d := NewDirectory()
	own := d.Add(11)
	foreign := SocketID{Slot: own.Slot, Secret: own.Secret ^ 1}
	if err := d.Adopt(foreign, 22); err != nil {
		t.Fatal(err)
	}
	if d.Adopt(foreign, 33) == nil || d.Adopt(own, 33) == nil || d.Adopt(SocketID{}, 33) == nil {
		t.Error("an id was adopted that is in use")
	}
	if h, _ := d.Lookup(foreign); h != 22 {
		t.Errorf("adopted session is at %d", h)
	}
	if !d.Move(foreign, 44) {
		t.Error("an adopted session can't be moved")
	}
	if h, _ := d.Lookup(foreign); h != 44 || d.Len() != 2 {
		t.Errorf("at %d of %d", h, d.Len())
	}
	d.Remove(foreign)
	if _, ok := d.Lookup(foreign); ok || d.Len() != 1 || d.Move(foreign, 1) {
		t.Error("the id is still known")
	}
}

// Whoever looks an id up while slots change hands finds its owner or nobody.
func TestLookupWhileSlotsChangeHands(t *testing.T) {
	d := NewDirectory()
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for g := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				h := engine.Handle(g*10_000 + i + 1)
				id := d.Add(h)
				if got, ok := d.Lookup(id); !ok || got != h {
					errs <- fmt.Errorf("%v is at %d, want %d", id, got, h)
					return
				}
				d.Remove(id)
				if _, ok := d.Lookup(id); ok {
					errs <- fmt.Errorf("%v is still there", id)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if d.Len() != 0 {
		t.Errorf("%d ids left", d.Len())
	}
}

func TestSecretsSpread(t *testing.T) {
	d := NewDirectory()
	seen := map[uint64]bool{}
	var all uint64
	for range 10_000 {
		id := d.Add(1)
		if seen[id.Secret] || id.Secret >= 1<<53 {
			t.Fatalf("secret %d", id.Secret)
		}
		seen[id.Secret] = true
		all |= id.Secret
	}
	if all != 1<<53-1 {
		t.Errorf("bits used: %b", all)
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	d := NewDirectory()
	text := []byte(d.Add(1).String())
	if n := testing.AllocsPerRun(100, func() {
		id, err := ParseSocketID(text)
		if _, ok := d.Lookup(id); !ok || err != nil {
			t.Fatal(id, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDirectoryAddRemove(b *testing.B) {
	d := NewDirectory()
	for b.Loop() {
		d.Remove(d.Add(1))
	}
}

// Pages that nobody sits in are given back, and nobody is found there.
func TestDirectoryGivesPagesBack(t *testing.T) {
	d := NewDirectory()
	var gone []SocketID
	for range 2 {
		ids := make([]SocketID, 3*pageSeats)
		for i := range ids {
			ids[i] = d.Add(engine.Handle(i + 1))
		}
		for i, id := range ids {
			if h, ok := d.Lookup(id); !ok || h != engine.Handle(i+1) {
				t.Fatalf("Lookup(%v) = %d, %v, want %d", id, h, ok, i+1)
			}
		}
		for _, id := range append(gone, SocketID{Slot: 0, Secret: 1}) {
			if h, ok := d.Lookup(id); ok {
				t.Fatalf("Lookup(%v) of one that left finds %d", id, h)
			}
		}
		for _, id := range ids {
			d.Remove(id)
		}
		gone = append(gone, ids...)
		if n := d.pagesHeld(); n > 2 || d.Len() != 0 {
			t.Errorf("%d pages for %d ids, want at most 2 for none", n, d.Len())
		}
	}
}

func (d *Directory) pagesHeld() (n int) {
	for i := range d.pages {
		if d.pages[i].Load() != nil {
			n++
		}
	}
	return n
}
