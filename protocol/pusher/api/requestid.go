package api

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"

	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol/borrow"
)

// requestID names a request, in the answer and in the log, so that the one that
// somebody asks about can be found. A trusted proxy in front may have given it;
// else it is the node's and the loop's own, and counts up. The zero value is
// nobody's.
type requestID struct {
	number uint64 // of the loop
	given  string // borrowed until kept
}

// kept is the same without anything borrowed.
func (id requestID) kept() requestID {
	id.given = strings.Clone(id.given)
	return id
}

const (
	requestIDName = "X-Request-Id"
	maxRequestID  = 64 // bytes of one that is believed
)

var requestIDHeader = []byte(requestIDName)

// requestIDs makes the ids of one loop.
type requestIDs struct {
	prefix string // of the node's start and the loop: 8fe01c2a-0-
	last   uint64
	text   []byte // of the last that was written; borrowed until the next
}

// newStartID is different at each start of a node.
func newStartID() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func newRequestIDs(start string, loop int) requestIDs {
	return requestIDs{prefix: start + "-" + strconv.Itoa(loop) + "-"}
}

// next names one more request.
func (ids *requestIDs) next() requestID {
	ids.last++
	return requestID{number: ids.last}
}

// write gives an id's text, borrowed until the next.
func (ids *requestIDs) write(id requestID) []byte {
	if id.given != "" {
		ids.text = append(ids.text[:0], id.given...)
		return ids.text
	}
	ids.text = append(ids.text[:0], ids.prefix...)
	ids.text = strconv.AppendUint(ids.text, id.number, 36)
	return ids.text
}

// identify names a request.
func (h *home) identify(c *engine.Conn, r *http1.Request) requestID {
	id := h.ids.next()
	if gate := h.server.cfg.Gate; gate.Trusting() && gate.Trusts(c.Client().Addr()) {
		if given := r.Header(requestIDName); plausible(given) {
			id.given = borrow.String(given)
		}
	}
	return id
}

// plausible tells whether a proxy's id is one that can be written anywhere.
func plausible(id []byte) bool {
	odd := func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		return !letter && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	}
	return len(id) > 0 && len(id) <= maxRequestID && bytes.IndexFunc(id, odd) < 0
}
