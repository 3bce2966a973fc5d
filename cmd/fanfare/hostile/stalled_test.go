//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"fanfare/engine/websocket"
)

const (
	publishers = 4
	eventSize  = 90_000 // bytes of an event's data
	stallers   = 20
	perStaller = 1_000_000_000/eventSize/stallers + publishers // events
	napEvents  = 120                                           // which is more than the sockets' buffers and the queue hold
)

// closedSlow counts the connections that did not read what was sent to them.
const closedSlow = `fanfare_connections_closed_total{cause="slow"}`

// stalledReader subscribes and reads no more while a gigabyte is published. Every fifty megabytes another one joins it. The
// server gives up each of them; one that wakes up soon enough is told why.
var stalledReader = attack{
	name:   "readers that stall while 1 GB is published",
	flags:  []string{"--queue-age", "5"}, // which is how long one that was given up may still wake up
	growth: 64 * mib,
	why:    "a queue of 1 MiB for each that still has one, what four publishers have under way, and as much that the collector has yet to take",
	run: func(s *server) error {
		h := &hose{server: s, client: kept(publishers)}
		defer h.client.CloseIdleConnections()
		if err := h.nap(); err != nil {
			return err
		}
		for range stallers {
			p, err := h.subscribe()
			if err != nil {
				return err
			}
			defer p.Close() // they stay to the end
			if err := h.publishMany(perStaller); err != nil {
				return err
			}
		}
		return s.reaches(closedSlow, 1+stallers)
	},
}

// hose publishes large events.
type hose struct {
	server *server
	client *http.Client
	next   atomic.Int64 // the number of the next event
}

var padding = strings.Repeat("x", eventSize-8)

func (h *hose) publish() error {
	n := h.next.Add(1) - 1
	body := fmt.Appendf(nil, `{"name":"large","channel":"hose","data":"%08d%s"}`, n, padding)
	return h.server.publish(h.client, victim, body)
}

// subscribe opens a session whose receive window is small, so that little is on its way.
func (h *hose) subscribe() (*peer, error) {
	p, err := h.server.connect(victim)
	if err != nil {
		return nil, err
	}
	return p, errors.Join(p.SetReadBuffer(64*kib), p.join(victim, "hose", ""))
}

// nap stalls for a moment. It gets the first events in order and without a gap, and then 4100: try again, faster.
func (h *hose) nap() error {
	p, err := h.subscribe()
	if err != nil {
		return err
	}
	defer p.Close()
	first := h.next.Load()
	for range napEvents {
		if err := h.publish(); err != nil {
			return err
		}
	}
	for n := first; ; n++ {
		m, err := p.next()
		if err != nil {
			return fmt.Errorf("a reader that woke up was cut off after %d events, want 4100: %w", n-first, err)
		}
		if m.Op == websocket.Close && m.Code == 4100 && n > first {
			return nil
		}
		if want := fmt.Sprintf(`{"event":"large","channel":"hose","data":"%08d%s"}`, n, padding); string(m.Payload) != want {
			return fmt.Errorf("a reader that woke up got %v %.100s with code %d, want event %d", m.Op, m.Payload, m.Code, n)
		}
	}
}

// publishMany publishes so many events over several connections.
func (h *hose) publishMany(n int) error {
	return together(publishers, func(int) error {
		for range n / publishers {
			if err := h.publish(); err != nil {
				return err
			}
		}
		return nil
	})
}
