//go:build e2e && linux

package hostile

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"fanfare/engine/websocket"
)

// traveller is one of a convoy.
type traveller struct {
	*peer

	number int
	wire   *tearing

	said, pinged int // guarded by the convoy's gate

	ended chan struct{} // closed when nothing more is heard

	mu      sync.Mutex
	heard   map[string]int // guarded by mu: events of "news", and of each of the others
	members int            // guarded by mu: that came after it
	pongs   int            // guarded by mu
	over    error          // guarded by mu: why nothing more is heard
}

// join has a traveller come. One after the other.
func (c *convoy) join(number int) (*traveller, error) {
	s := *c.server
	if number%tlsOfMany == 0 {
		s.addr = c.server.TLS
	}
	p, err := s.dial()
	if err != nil {
		return nil, err
	}
	m := &traveller{peer: p, number: number, wire: &tearing{TCPConn: p.TCPConn, random: c.tear}, heard: map[string]int{}, ended: make(chan struct{})}
	if number%tlsOfMany == 0 {
		p.secure = tls.Client(m.wire, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is not the certificate that is tried
	}
	room := number / perRoom
	user := fmt.Sprintf(`{"user_id":"u%d"}`, number)
	err = errors.Join(p.upgrade(victim), p.join(victim, presenceOf(room), user), p.join(victim, deskOf(room), ""), p.SetDeadline(time.Time{}))
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	m.wire.tears = true
	go m.listen()
	return m, nil
}

// speak whispers to the room, and pings. Part of it may wait for the next time.
func (m *traveller) speak() error {
	whisper := fmt.Sprintf(`{"event":"client-said","channel":%q,"data":"%d:%d"}`, deskOf(m.number/perRoom), m.number, m.said)
	b := websocket.AppendMasked(nil, websocket.Text, true, []byte(whisper), mask)
	b = websocket.AppendMasked(b, websocket.Text, true, []byte(ping), mask)
	var to net.Conn = m.wire
	if m.secure != nil {
		to = m.secure
	}
	if _, err := to.Write(b); err != nil {
		return fmt.Errorf("traveller %d cannot speak: %w", m.number, err)
	}
	m.said, m.pinged = m.said+1, m.pinged+1
	return nil
}

func (m *traveller) listen() {
	defer close(m.ended)
	for {
		e, err := m.event()
		if err == nil {
			err = m.note(e)
		}
		if err != nil {
			m.mu.Lock()
			m.over = err
			m.mu.Unlock()
			return
		}
	}
}

// note counts an event, which must be the one that is due.
func (m *traveller) note(e *event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.Event {
	case pong:
		m.pongs++
		return nil
	case "pusher_internal:member_added":
		m.members++
		return nil
	case "news", "client-said":
		from, text, _ := strings.Cut(e.text(), ":")
		n, err := strconv.Atoi(text)
		if due := m.heard[from]; err != nil || n != due {
			return wrong{fmt.Errorf("%s came when %d of %s was due", e.text(), due, from)}
		}
		m.heard[from]++
		return nil
	}
	return wrong{fmt.Errorf("%s %s %s came unasked", e.Event, e.Channel, e.Data)}
}

func (m *traveller) why() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.over
}

// missing is nil when the traveller has heard what the others have said, and the application.
func (m *traveller) missing(said map[string]int, news int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	want := map[string]int{}
	for i := range perRoom {
		if other := m.number - m.number%perRoom + i; other != m.number {
			want[fmt.Sprint(other)] = said[fmt.Sprint(other)]
		}
	}
	want["news"] = news
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	after := perRoom - 1 - m.number%perRoom
	switch {
	case m.over != nil:
		return wrong{fmt.Errorf("traveller %d hears nothing any more: %w", m.number, m.over)}
	case m.members > after || m.pongs > m.pinged:
		return wrong{fmt.Errorf("traveller %d was told of %d members, want %d, and got %d pongs, want %d", m.number, m.members, after, m.pongs, m.pinged)}
	case m.members < after || m.pongs < m.pinged || !maps.Equal(m.heard, want):
		return fmt.Errorf("traveller %d has heard %v of %v, %d of %d members, %d of %d pongs", m.number, m.heard, want, m.members, after, m.pongs, m.pinged)
	}
	return nil
}

// tearing is a connection on which the end of what is written waits for what is written next.
type tearing struct {
	*net.TCPConn
	tears  bool
	random *rand.Rand
	rest   []byte
}

func (w *tearing) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	n := len(w.rest)
	if w.tears {
		n -= w.random.IntN(min(n, len(b)))
	}
	if _, err := w.TCPConn.Write(w.rest[:n]); err != nil {
		return 0, err
	}
	w.rest = append(w.rest[:0], w.rest[n:]...)
	return len(b), nil
}

// flush writes what waits.
func (w *tearing) flush() error {
	_, err := w.TCPConn.Write(w.rest)
	w.rest = w.rest[:0]
	return err
}

// Sleepers get meals of so many events, of so many bytes, which wait in the server.
const (
	fatChannel = "fat"
	meal       = 20
	morsel     = 50_000
)

func fat(n int) string { return fmt.Sprintf("%08d%s", n, strings.Repeat("x", morsel)) }

// sleeper is a client that does not read until it wakes.
type sleeper struct {
	*peer
	got int
}

// wake reads so many events, all in all.
func (p *sleeper) wake(all int) error {
	if err := p.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for p.got < all {
		e, err := p.event()
		if err != nil {
			return fmt.Errorf("after %d events of %d: %w", p.got, all, err)
		}
		if e.Event != "fat" || e.text() != fat(p.got) {
			return wrong{fmt.Errorf("%s %.20q came when event %d was due", e.Event, e.text(), p.got)}
		}
		p.got++
	}
	if err := p.say(ping); err != nil {
		return err
	}
	if e, err := p.event(); err != nil || e.Event != pong {
		return fmt.Errorf("%+v came when a pong was due: %w", e, err)
	}
	return p.SetDeadline(time.Time{})
}
