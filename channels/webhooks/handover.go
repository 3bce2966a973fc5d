package webhooks

import (
	"sync"

	"fanfare/channels/apps"
)

// record is what a witness hands over. It owns its strings.
type record struct {
	kind         kind
	count        int
	app          string
	channel      string
	user         string
	event, data  string
	socket       string
	letter       *letter // only for recordFetched and errand
	fromLingered bool    // its end was kept on disk until now
}

// letter is what comes with a record that is not an event.
type letter struct {
	app *apps.App   // recordFetched; nil when there is none
	do  func(*desk) // errand
}

func (r *record) size() int {
	return recordSize + len(r.app) + len(r.channel) + len(r.user) + len(r.event) + len(r.data) + len(r.socket)
}

const (
	recordSize = 136 // of the struct itself

	// chunk is how many records are allocated together. One slice would be copied
	// whenever it grows, with loops waiting for the lock. A chunk whose records
	// hold chunkBytes is full too, because chunks are what is dropped.
	chunk      = 256
	chunkBytes = 256 << 10
)

// handover is the bounded queue between those who witness and the desk. Pushing
// takes a short lock and, once for 256 records, an allocation.
type handover struct {
	limit   int           // bytes
	ready   chan struct{} // holds one token when there is something to take
	dropped func([]record)

	// Guarded by mu.
	mu     sync.Mutex
	chunks [][]record
	bytes  int
	last   int // bytes of the last chunk
}

func newHandover(limit int, dropped func([]record)) *handover {
	return &handover{limit: limit, ready: make(chan struct{}, 1), dropped: dropped}
}

// push adds a record. Beyond the limit the oldest chunk goes; dropped is told of
// it, with the lock held.
func (h *handover) push(r record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.chunks)
	if n == 0 || len(h.chunks[n-1]) >= chunk || h.last >= chunkBytes {
		h.chunks, h.last = append(h.chunks, make([]record, 0, chunk)), 0
		n++
	}
	h.chunks[n-1] = append(h.chunks[n-1], r)
	h.bytes += r.size()
	h.last += r.size()
	for h.bytes > h.limit && len(h.chunks) > 1 {
		h.dropLocked()
	}
	select {
	case h.ready <- struct{}{}:
	default: // the desk knows
	}
}

// dropLocked drops the oldest chunk, but what is no event: somebody waits for
// that, and it is never much.
func (h *handover) dropLocked() {
	oldest := h.chunks[0]
	h.chunks[0] = nil
	h.chunks = h.chunks[1:]
	var keep []record
	for i := range oldest {
		if oldest[i].letter != nil {
			keep = append(keep, oldest[i])
			continue
		}
		h.bytes -= oldest[i].size()
	}
	h.dropped(oldest)
	if len(keep) > 0 {
		h.chunks[0] = append(keep, h.chunks[0]...)
	}
}

// take returns all that is there, oldest first.
func (h *handover) take() [][]record {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.chunks
	h.chunks, h.bytes, h.last = nil, 0, 0
	return all
}
