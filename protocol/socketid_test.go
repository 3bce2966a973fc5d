package protocol

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"fanfare/engine"
)

func TestParseSocketID(t *testing.T) {
	f := func(text string, want SocketID) {
		t.Helper()
		got, err := ParseSocketID(text)
		if got != want || (err == nil) == want.IsZero() {
			t.Errorf("ParseSocketID(%q) = %v, %v", text, got, err)
		}
		if err != nil && !errors.Is(err, ErrSocketID) {
			t.Errorf("ParseSocketID(%q): %v", text, err)
		}
		if err == nil && got.String() != text {
			t.Errorf("%q is written %q", text, got)
		}
		if again, _ := ParseSocketID([]byte(text)); again != got {
			t.Errorf("bytes of %q give %v", text, again)
		}
	}
	f("45055.28877557", SocketID{Slot: 45055, Secret: 28877557})
	f("0.1", SocketID{Secret: 1})
	f("4294967295.9007199254740991", SocketID{Slot: 1<<32 - 1, Secret: 1<<53 - 1})
	for _, bad := range []string{
		"", ".", "1", "1.", ".1", "1.0", "01.1", "1.01", "1.1.1", "-1.1", "1.-1", "+1.1", " 1.1", "1.1\n", "1.x", "１.1",
		"4294967296.1", "1.9007199254740992", "1.99999999999999999", strings.Repeat("1", 1<<20) + ".1",
	} {
		f(bad, SocketID{})
	}
}

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
