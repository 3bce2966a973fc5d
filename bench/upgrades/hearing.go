//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/protocol/pusher/auth"
)

// hearing is the receiver of client_event: each member's whispers have to come once
// and in order. Its methods may be called by any goroutine.
type hearing struct {
	Addr   string
	signer *auth.Signer
	server *http.Server

	mu     sync.Mutex     // guards all below
	next   map[int]uint32 // by member
	told   letters
	repeat bool // the next one is taken twice, so that it is seen that this is told
}

// letters is what has come.
type letters struct {
	Taken int    // whispers
	Wrong int    // that came again, or before an earlier one, or not signed
	First string // of those
}

func listen(signer *auth.Signer) (*hearing, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hearing{Addr: l.Addr().String(), signer: signer, next: map[int]uint32{}}
	h.server = &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = h.server.Serve(l) }() // which ends when it is closed
	return h, nil
}

// ServeHTTP takes a request.
func (h *hearing) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it is being closed
	}
	h.take(r.Header.Get("X-Pusher-Signature"), body)
}

func (h *hearing) take(signature string, body []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var p struct{ Events []json.RawMessage }
	if err := json.Unmarshal(body, &p); err != nil || signature != h.signer.Hex(body) {
		h.complainLocked("a request with the signature %q: %.100q", signature, body)
		return
	}
	for _, e := range p.Events {
		h.hearLocked(e)
		if h.repeat {
			h.repeat = false
			h.hearLocked(e)
		}
	}
}

func (h *hearing) hearLocked(event []byte) {
	m, at := loadgen.FindMark(event, -1)
	if at < 0 || m.Seq != h.next[m.Source] {
		h.complainLocked("whisper %d of member %d came when %d was due: %.200s", m.Seq, m.Source, h.next[m.Source], event)
		return
	}
	h.next[m.Source]++
	h.told.Taken++
}

func (h *hearing) complainLocked(format string, args ...any) {
	if h.told.Wrong++; h.told.Wrong == 1 {
		h.told.First = fmt.Sprintf(format, args...)
	}
}

// mail is what has come so far.
func (h *hearing) mail() letters {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.told
}
