package protocol

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"

	"fanfare/engine"
)

// Directory knows the socket ids of the node's sessions and where each sits.
// Lookup takes no lock; the rest takes a short one. Any goroutine may call.
type Directory struct {
	pages [maxPages]atomic.Pointer[page]

	// adopted holds the ids that another process or server gave: their slots
	// mean nothing here.
	adopted *xsync.Map[SocketID, engine.Handle]

	mu      sync.Mutex
	spare   []uint32 // pages with free seats, the last is used first; guarded by mu
	gone    []uint32 // pages that were given back; guarded by mu
	next    uint32   // the first page never made; guarded by mu
	live    int      // ids given and not returned; guarded by mu
	secrets [512]byte
	unused  int // bytes of secrets not used yet; guarded by mu, as secrets
}

const (
	pageSeats = 1 << 12
	maxPages  = 1 << 14 // 67 million seats; memory ends before
)

// page is a block of seats. One that nobody sits in is given back.
type page struct {
	seats [pageSeats]seat
	free  [pageSeats]uint16 // guarded by the directory's mu: a stack of free seats,
	frees int               // and how many there are
}

// seat is one slot. A secret of 0 means nobody. handle belongs to the owner
// of the secret read before and after it: secrets do not return.
type seat struct {
	secret atomic.Uint64
	handle atomic.Uint64
}

// NewDirectory makes an empty directory. Slots start at 1.
func NewDirectory() *Directory {
	return &Directory{adopted: xsync.NewMap[SocketID, engine.Handle]()}
}

// Add gives a new socket id to the session at h.
func (d *Directory) Add(h engine.Handle) SocketID {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := SocketID{Secret: d.secretLocked(), Slot: d.slotLocked()}
	s := d.seat(id.Slot)
	s.handle.Store(h) // first, so that whoever sees the secret sees it too
	s.secret.Store(id.Secret)
	return id
}

// Adopt enters the session at h under the id that another process or server
// gave it. It costs more memory than Add. It fails when the id is in use here.
func (d *Directory) Adopt(id SocketID, h engine.Handle) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id.IsZero() {
		return ErrSocketID
	}
	if s := d.seat(id.Slot); s != nil && s.secret.Load() == id.Secret {
		return fmt.Errorf("cannot adopt socket id %s: it is in use here", id)
	}
	if _, taken := d.adopted.LoadOrStore(id, h); taken {
		return fmt.Errorf("cannot adopt socket id %s: it was adopted already", id)
	}
	return nil
}

// Move tells where the session sits from now on; handle 0 means that it has
// no socket. It reports whether id is known.
func (d *Directory) Move(id SocketID, h engine.Handle) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.owned(id); s != nil {
		s.handle.Store(h)
		return true
	}
	_, known := d.adopted.Load(id)
	if known {
		d.adopted.Store(id, h)
	}
	return known
}

// Remove returns id. Nobody is found under it from now on.
func (d *Directory) Remove(id SocketID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.owned(id)
	if s == nil {
		d.adopted.Delete(id)
		return
	}
	s.secret.Store(0)
	s.handle.Store(0)
	d.returnLocked(id.Slot)
}

// Lookup finds where the session named id sits. It takes no lock.
func (d *Directory) Lookup(id SocketID) (engine.Handle, bool) {
	if s := d.owned(id); s != nil {
		h := s.handle.Load()
		return h, h != 0 && s.secret.Load() == id.Secret
	}
	h, _ := d.adopted.Load(id)
	return h, h != 0
}

// Len counts the ids in use.
func (d *Directory) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live + d.adopted.Size()
}

// seat gives nil for a slot whose page is not there.
func (d *Directory) seat(slot uint32) *seat {
	if slot >= maxPages*pageSeats {
		return nil
	}
	p := d.pages[slot/pageSeats].Load()
	if p == nil {
		return nil
	}
	return &p.seats[slot%pageSeats]
}

// owned gives the seat of an id that Add gave and nobody returned.
func (d *Directory) owned(id SocketID) *seat {
	s := d.seat(id.Slot)
	if id.IsZero() || s == nil || s.secret.Load() != id.Secret {
		return nil
	}
	return s
}

// slotLocked takes a free slot.
func (d *Directory) slotLocked() uint32 {
	if len(d.spare) == 0 {
		d.growLocked()
	}
	index := d.spare[len(d.spare)-1]
	p := d.pages[index].Load()
	p.frees--
	if p.frees == 0 {
		d.spare = d.spare[:len(d.spare)-1]
	}
	d.live++
	return index*pageSeats + uint32(p.free[p.frees])
}

// growLocked adds a page. Slot 0 is nobody's.
func (d *Directory) growLocked() {
	index := d.vacancyLocked()
	p := new(page)
	for seat := pageSeats - 1; seat >= 0; seat-- {
		if seat > 0 || index > 0 {
			p.free[p.frees] = uint16(seat)
			p.frees++
		}
	}
	d.pages[index].Store(p)
	d.spare = append(d.spare, index)
}

// vacancyLocked gives the index of a page that is not there.
func (d *Directory) vacancyLocked() uint32 {
	if n := len(d.gone); n > 0 {
		index := d.gone[n-1]
		d.gone = d.gone[:n-1]
		return index
	}
	d.next++
	return d.next - 1
}

// returnLocked frees a slot, and its page when nobody else sits there and
// another one has room.
func (d *Directory) returnLocked(slot uint32) {
	index := slot / pageSeats
	p := d.pages[index].Load()
	p.free[p.frees] = uint16(slot % pageSeats)
	p.frees++
	d.live--
	switch {
	case p.frees == 1:
		d.spare = append(d.spare, index)
	case index > 0 && p.frees == pageSeats && len(d.spare) > 1:
		d.pages[index].Store(nil)
		d.gone = append(d.gone, index)
		i := slices.Index(d.spare, index)
		d.spare = slices.Delete(d.spare, i, i+1)
	}
}

// secretLocked draws 53 random bits, from the kernel's generator 64 at a time.
func (d *Directory) secretLocked() uint64 {
	for {
		if d.unused == 0 {
			rand.Read(d.secrets[:]) // never fails: crypto/rand ends the process instead
			d.unused = len(d.secrets)
		}
		b := d.secrets[d.unused-8 : d.unused]
		secret := binary.LittleEndian.Uint64(b) >> (64 - secretBits)
		clear(b)
		d.unused -= 8
		if secret != 0 {
			return secret
		}
	}
}
