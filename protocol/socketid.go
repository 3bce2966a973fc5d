package protocol

import (
	"errors"
	"strconv"
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
