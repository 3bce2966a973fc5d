package protocol

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"

	"fanfare/engine"
)

// SocketID is a session's public name, written "slot.secret" in decimal. The
// slot is the session's seat in the node's Directory and says nothing about
// loop or connection; the secret cannot be guessed, because signatures are
// bound to it. The zero value is no id.
type SocketID struct {
	Secret uint64 // 1 to 2^53-1: JavaScript's numbers hold it exactly
	Slot   uint32
}

const (
	secretBits  = 53
	maxSlot     = 10 // digits
	maxSecret   = 16 // digits
	maxSocketID = maxSlot + 1 + maxSecret
)

// ErrSocketID refuses text that is not a socket id.
var ErrSocketID = errors.New(`socket id must be two decimal numbers joined by a dot, as in "45055.28877557"`)

// IsZero tells whether id names nobody.
func (id SocketID) IsZero() bool { return id.Secret == 0 }

// Append appends id as it is written on the wire, at most 27 bytes.
func (id SocketID) Append(dst []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(id.Slot), 10)
	dst = append(dst, '.')
	return strconv.AppendUint(dst, id.Secret, 10)
}

// String gives id as it is written on the wire.
func (id SocketID) String() string {
	var room [maxSocketID]byte
	return string(id.Append(room[:0]))
}

// ParseSocketID reads an id in exactly the form that Append writes: one id
// has one spelling. Other forms give ErrSocketID; that they may be another
// server's is for the caller to consider.
func ParseSocketID[T ~string | ~[]byte](text T) (SocketID, error) {
	if len(text) > maxSocketID {
		return SocketID{}, ErrSocketID
	}
	dot := 0
	for dot < len(text) && text[dot] != '.' {
		dot++
	}
	if dot == len(text) {
		return SocketID{}, ErrSocketID
	}
	slot, ok := parseDecimal(text[:dot], 1<<32-1)
	secret, ok2 := parseDecimal(text[dot+1:], 1<<secretBits-1)
	if !ok || !ok2 || secret == 0 {
		return SocketID{}, ErrSocketID
	}
	return SocketID{Secret: secret, Slot: uint32(slot)}, nil
}

// parseDecimal reads digits without leading zeros, up to limit.
func parseDecimal[T ~string | ~[]byte](text T, limit uint64) (uint64, bool) {
	if len(text) == 0 || len(text) > maxSecret || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	var n uint64
	for i := range len(text) {
		d := text[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	return n, n <= limit
}

// Directory knows the socket ids of the node's sessions and where each sits.
// Lookup takes no lock; the rest takes a short one. Any goroutine may call.
type Directory struct {
	pages [maxPages]atomic.Pointer[page]

	// adopted holds the ids that another process or server gave: their slots
	// mean nothing here.
	adopted *xsync.Map[SocketID, engine.Handle]

	mu      sync.Mutex
	next    uint32   // the first slot never given; guarded by mu
	free    []uint32 // slots to give again, last freed first; guarded by mu
	secrets [512]byte
	unused  int // bytes of secrets not used yet; guarded by mu, as secrets
}

const (
	pageSeats = 1 << 12
	maxPages  = 1 << 14 // 67 million seats; memory ends before
)

type page [pageSeats]seat

// seat is one slot. A secret of 0 means nobody. handle belongs to the owner
// of the secret read before and after it: secrets do not return.
type seat struct {
	secret atomic.Uint64
	handle atomic.Uint64
}

// NewDirectory makes an empty directory. Slots start at 1.
func NewDirectory() *Directory {
	return &Directory{next: 1, adopted: xsync.NewMap[SocketID, engine.Handle]()}
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
	d.free = append(d.free, id.Slot)
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
	return int(d.next) - 1 - len(d.free) + d.adopted.Size()
}

// seat gives nil for a slot that nobody ever had.
func (d *Directory) seat(slot uint32) *seat {
	if slot >= maxPages*pageSeats {
		return nil
	}
	p := d.pages[slot/pageSeats].Load()
	if p == nil {
		return nil
	}
	return &p[slot%pageSeats]
}

// owned gives the seat of an id that Add gave and nobody returned.
func (d *Directory) owned(id SocketID) *seat {
	s := d.seat(id.Slot)
	if id.IsZero() || s == nil || s.secret.Load() != id.Secret {
		return nil
	}
	return s
}

func (d *Directory) slotLocked() uint32 {
	if n := len(d.free); n > 0 {
		slot := d.free[n-1]
		d.free = d.free[:n-1]
		return slot
	}
	slot := d.next
	d.next++
	if p := &d.pages[slot/pageSeats]; p.Load() == nil {
		p.Store(new(page))
	}
	return slot
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
