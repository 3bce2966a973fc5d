//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"fanfare/engine/websocket"
)

const (
	crowdSize     = 100 // by TLS five times as many
	crowdChannel  = "good"
	eventInterval = 25 * time.Millisecond  // between two events to the crowd
	pingInterval  = 100 * time.Millisecond // between two pings of one client
)

// crowd is some hundred clients that do nothing wrong: they are subscribed to one channel, take its events, and ping. Every one
// of them must get every event, once and in order.
type crowd struct {
	server  *server
	members []*member
	http    *http.Client

	pongs, events latencies

	quit   chan struct{}  // closed when the publisher and the pingers are to end
	active sync.WaitGroup // those
	failed chan error     // from them; room for each

	mu   sync.Mutex
	sent []time.Time // when each event was published; guarded by mu
}

// member is one of the crowd.
type member struct {
	*peer

	crowd *crowd
	pings chan time.Time // when those went out that have no pong yet
	last  chan error     // the result of listen
}

// gather connects a crowd and lets it work.
func gather(s *server) (*crowd, error) {
	size := crowdSize
	if s.TLS != "" {
		size *= 5
	}
	c := &crowd{server: s, http: kept(1), quit: make(chan struct{}), failed: make(chan error, size+1)}
	for range size {
		p, err := s.connect(victim)
		if err != nil {
			return nil, err
		}
		if err := p.join(victim, crowdChannel, ""); err != nil {
			return nil, err
		}
		if err := p.SetDeadline(time.Time{}); err != nil {
			return nil, err
		}
		c.members = append(c.members, &member{
			peer: p, crowd: c, pings: make(chan time.Time, 1024), last: make(chan error, 1),
		})
	}
	for i, m := range c.members {
		go func() { m.last <- m.listen() }()
		c.work(func() error { return m.ping(time.Duration(i) * pingInterval / time.Duration(size)) })
	}
	c.work(c.publish)
	return c, nil
}

func (c *crowd) work(f func() error) {
	c.active.Go(func() {
		if err := f(); err != nil {
			c.failed <- err
		}
	})
}

// publish sends the crowd an event every eventInterval. Its data is its number.
func (c *crowd) publish() error {
	tick := time.NewTicker(eventInterval)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-c.quit:
			return nil
		case <-tick.C:
		}
		body := publication(crowdChannel, "tick", strconv.Itoa(n), "")
		c.mu.Lock()
		c.sent = append(c.sent, time.Now())
		c.mu.Unlock()
		if err := c.server.publish(c.http, victim, body); err != nil {
			return fmt.Errorf("a good publisher: %w", err)
		}
	}
}

func (c *crowd) sentAt(n int) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent[n]
}

// ping pings on time, whether the last ping was answered or not: a server that stands still is seen as long as it does.
func (m *member) ping(delay time.Duration) error {
	tick := time.NewTicker(pingInterval)
	defer tick.Stop()
	frame := websocket.AppendMasked(nil, websocket.Text, true, []byte(ping), mask)
	for wait := time.After(delay); ; wait = tick.C {
		select {
		case <-m.crowd.quit:
			return nil
		case <-wait:
		}
		select {
		case m.pings <- time.Now():
		default:
			return fmt.Errorf("a good client: %d pings without a pong", cap(m.pings))
		}
		if _, err := m.Write(frame); err != nil {
			return fmt.Errorf("a good client cannot ping: %w", err)
		}
	}
}

// listen checks and times everything that comes, until the crowd's last event and all pongs are there.
func (m *member) listen() error {
	for got, over := 0, false; !over || len(m.pings) > 0; {
		e, err := m.event()
		if err != nil {
			return fmt.Errorf("a good client after %d events: %w", got, err)
		}
		switch {
		case e.Event == pong:
			m.crowd.pongs.add(time.Since(<-m.pings))
		case e.Event == "tick" && e.text() == strconv.Itoa(got):
			m.crowd.events.add(time.Since(m.crowd.sentAt(got)))
			got++
		case e.Event == "end" && e.text() == strconv.Itoa(got):
			over = true
		default:
			return fmt.Errorf("a good client got %s %s, want event %d", e.Event, e.Data, got)
		}
	}
	return nil
}

// dismiss ends the work and tells what went wrong with any of the crowd: an event that was missing, twice or out of order, a
// pong that did not come, a connection that was lost.
func (c *crowd) dismiss() error {
	close(c.quit)
	c.active.Wait()
	close(c.failed)
	var errs []error
	for err := range c.failed {
		errs = append(errs, err)
	}
	end := publication(crowdChannel, "end", strconv.Itoa(len(c.sent)), "")
	errs = append(errs, c.server.publish(c.http, victim, end))
	for _, m := range c.members {
		errs = append(errs, m.SetDeadline(time.Now().Add(patience)))
	}
	for _, m := range c.members {
		errs = append(errs, <-m.last, m.Close())
	}
	c.http.CloseIdleConnections()
	return errors.Join(errs...)
}
