//go:build e2e

package hostile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
)

// mood is how a webhook's receiver treats requests.
type mood string

const (
	taking   mood = "taking"   // reads and answers 200
	refusing mood = "refusing" // does not listen
	hanging  mood = "hanging"  // reads and never answers
	failing  mood = "failing"  // reads and answers 500
)

// box is the receiver of a webhook, a real HTTP server. It wants the events of each channel to be numbered from 0 without a
// gap: those that it has answered with 200 may come again, but none may come before its predecessors.
type box struct {
	addr string

	mu     sync.Mutex // guards all below
	server *http.Server
	mood   mood
	change chan struct{}  // closed when the mood changes
	next   map[string]int // by channel: events taken, each counted once
	again  int            // events that were taken before
	wrong  error          // the first that must not have come
}

// newBox listens at a loopback address that nothing else uses, so that its port is still free when it comes back.
func newBox(t *testing.T) *box {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.77:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &box{addr: l.Addr().String(), next: map[string]int{}, mood: taking, change: make(chan struct{})}
	b.serve(l)
	t.Cleanup(func() {
		if err := b.be(refusing); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *box) serve(l net.Listener) {
	server := &http.Server{Handler: b}
	b.server = server
	go func() { _ = server.Serve(l) }() // which ends when it is closed
}

// be changes the mood. Requests that hang are answered then, and those that were
// taken before a refusal.
func (b *box) be(m mood) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.change)
	b.mood, b.change = m, make(chan struct{})
	switch {
	case m == refusing && b.server != nil:
		server := b.server
		b.server = nil
		b.mu.Unlock()
		defer b.mu.Lock()
		within, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return server.Shutdown(within)
	case m != refusing && b.server == nil:
		l, err := net.Listen("tcp", b.addr)
		if err != nil {
			return fmt.Errorf("the receiver cannot come back: %w", err)
		}
		b.serve(l)
	}
	return nil
}

func (b *box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it was refusing at that moment
	}
	w.WriteHeader(b.take(r, body))
}

// take gives the status that a request is answered with.
func (b *box) take(r *http.Request, body []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.mood {
	case hanging:
		change := b.change
		b.mu.Unlock()
		select {
		case <-change:
		case <-r.Context().Done():
		}
		b.mu.Lock()
		return http.StatusServiceUnavailable
	case taking:
		b.wrong = errors.Join(b.wrong, b.noteLocked(r, body))
		return http.StatusOK
	}
	return http.StatusInternalServerError
}

func (b *box) noteLocked(r *http.Request, body []byte) error {
	if signature := r.Header.Get("X-Pusher-Signature"); signature != victim.signer.Hex(body) {
		return fmt.Errorf("signature %q does not fit %.100s", signature, body)
	}
	var p struct {
		Events []struct{ Name, Channel, Event, Data string }
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	for _, e := range p.Events {
		n, err := strconv.Atoi(e.Data)
		next := b.next[e.Channel]
		switch {
		case err != nil || e.Name != "client_event" || n > next:
			return errors.Join(err, fmt.Errorf("%s %q came on %s when %d was due", e.Name, e.Data, e.Channel, next))
		case n == next:
			b.next[e.Channel]++
		default:
			b.again++
		}
	}
	return nil
}

// taken gives how many of each channel's events were taken.
func (b *box) taken(channel string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next[channel]
}

// total gives how many events were taken.
func (b *box) total() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return sum(b.next)
}

// faults gives how many events came again, and what must not have happened.
func (b *box) faults() (again int, wrong error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.again, b.wrong
}
