//go:build e2e && linux

package hostile

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// A convoy has so many rooms with so many travellers in each, of whom every fifth speaks TLS, and sleepers, of whom one does.
const (
	rooms     = 10
	perRoom   = 10
	sleepers  = 4
	tlsOfMany = 5
)

// How often somebody in the convoy speaks, an event is published, and somebody comes and goes.
const (
	speakEvery    = 3 * time.Millisecond
	publishEvery  = 8 * time.Millisecond
	newcomerEvery = 20 * time.Millisecond
)

// convoy is clients that go from process to process: each speaks to all others of its room and hears them, the application's
// events, and pongs. None may be lost, repeated or out of order, no member comes or leaves, and no webhook tells otherwise.
type convoy struct {
	t       *testing.T
	server  *server
	inbox   *inbox
	random  *rand.Rand
	talkers []*traveller
	asleep  []*sleeper
	fed     int // events that all sleepers are to get
	closers []func() error

	quit chan struct{}
	work sync.WaitGroup

	gate      sync.RWMutex // held for reading by who is about to cause something
	published [rooms]int   // guarded by gate, each for one goroutine
	newcomers int          // guarded by gate
	tear      *rand.Rand   // guarded by gate

	mu     sync.Mutex
	failed []error // guarded by mu
}

func convoySettings(inbox string) string {
	return fmt.Sprintf(`
[webhooks]
dir = ""
timeout = 60

[[apps]]
id = %q
key = %q
secret = %q

[apps.limit]
client_events_per_second = 0

[[apps.webhooks]]
url = "http://%s/hook"
events = ["client_event", "member_added", "member_removed", "channel_occupied", "channel_vacated"]
private_targets = true
`, victim.id, victim.key, victim.secret, inbox)
}

// depart connects a convoy to a server and has it talk.
func depart(t *testing.T, s *server, b *inbox, random *rand.Rand) *convoy {
	t.Helper()
	return departAt(t, 1, s, b, random)
}

// departAt has it talk so many times slower.
func departAt(t *testing.T, pace int, s *server, b *inbox, random *rand.Rand) *convoy {
	t.Helper()
	c := &convoy{t: t, server: s, inbox: b, random: random, quit: make(chan struct{}), tear: rand.New(rand.NewPCG(random.Uint64(), 0))}
	t.Cleanup(c.end)
	for i := range rooms * perRoom {
		m, err := c.join(i)
		if err != nil {
			t.Fatalf("traveller %d: %v", i, err)
		}
		c.talkers = append(c.talkers, m)
	}
	for i := range sleepers {
		p, err := c.connect(i == 0)
		if err == nil {
			err = errors.Join(p.SetReadBuffer(64*kib), p.join(victim, fatChannel, ""), p.SetDeadline(time.Time{}))
			c.asleep = append(c.asleep, &sleeper{peer: p})
		}
		if err != nil {
			t.Fatalf("sleeper %d: %v", i, err)
		}
	}
	c.feed()
	slower := func(d time.Duration) time.Duration { return time.Duration(pace) * d }
	c.goOn(slower(speakEvery), c.speak)
	for first := range 2 {
		client := kept(1)
		client.Timeout *= 2 // the server may be stopped for a while
		c.closers = append(c.closers, func() error { client.CloseIdleConnections(); return nil })
		c.goOn(slower(publishEvery), func(n int) error { return c.publish(client, (2*n+first)%rooms) })
	}
	c.goOn(slower(newcomerEvery), c.visit)
	return c
}

// goOn does something over and over, until it fails or the convoy is at its end.
func (c *convoy) goOn(every time.Duration, do func(n int) error) {
	c.work.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-c.quit:
				return
			case <-tick.C:
			}
			c.gate.RLock()
			err := do(n)
			c.gate.RUnlock()
			if err != nil {
				c.mu.Lock()
				c.failed = append(c.failed, err)
				c.mu.Unlock()
				return
			}
		}
	})
}

// end hangs up on the server.
func (c *convoy) end() {
	select {
	case <-c.quit:
		return
	default:
	}
	close(c.quit)
	for _, m := range c.talkers {
		_ = m.Close()
	}
	for _, p := range c.asleep {
		_ = p.Close()
	}
	c.work.Wait()
	for _, m := range c.talkers {
		<-m.ended
	}
	for _, f := range c.closers {
		_ = f()
	}
}

// connect opens a session of which nothing is torn.
func (c *convoy) connect(secure bool) (*peer, error) {
	s := &server{Server: &process.Server{}, addr: c.server.addr} // without TLS
	if secure {
		s = c.server
	}
	return s.connect(victim)
}

// speak has the next traveller say something.
func (c *convoy) speak(n int) error { return c.talkers[n%len(c.talkers)].speak() }

func (c *convoy) publish(client *http.Client, room int) error {
	body := publication(presenceOf(room), "news", fmt.Sprint("news:", c.published[room]), "")
	if err := c.server.publish(client, victim, body); err != nil {
		return fmt.Errorf("a publisher: %w", err)
	}
	c.published[room]++
	return nil
}

// visit is somebody who comes, pings, and leaves.
func (c *convoy) visit(n int) error {
	p, err := c.connect(n%tlsOfMany == 0)
	if err != nil {
		return fmt.Errorf("newcomer %d: %w", n, err)
	}
	defer p.Close()
	if err := p.say(ping); err != nil {
		return fmt.Errorf("newcomer %d: %w", n, err)
	}
	if e, err := p.event(); err != nil || e.Event != pong {
		return fmt.Errorf("newcomer %d got %+v instead of a pong: %w", n, e, err)
	}
	c.newcomers++
	return nil
}

// arrive stops the talk for a moment in which all that was said has to arrive, and nothing else. The error says what is missing,
// or too much.
func (c *convoy) arrive() error {
	c.gate.Lock()
	defer c.gate.Unlock()
	for _, m := range c.talkers {
		if err := m.wire.flush(); err != nil {
			return fmt.Errorf("traveller %d cannot speak: %w", m.number, err)
		}
	}
	look, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer look.Stop()
	for {
		err := c.missing()
		var w wrong
		if err == nil || errors.As(err, &w) {
			return err
		}
		select {
		case <-look.C:
		case <-late:
			return fmt.Errorf("after %v: %w", patience, err)
		}
	}
}

// wrong is an error that no time mends.
type wrong struct{ error }

// missing is nil when everything is there.
func (c *convoy) missing() error {
	c.mu.Lock()
	failed := errors.Join(c.failed...)
	c.mu.Unlock()
	if failed != nil {
		return wrong{failed}
	}
	said := map[string]int{}
	for _, m := range c.talkers {
		said[fmt.Sprint(m.number)] = m.said
	}
	for _, m := range c.talkers {
		if err := m.missing(said, c.published[m.number/perRoom]); err != nil {
			return err
		}
	}
	return c.inbox.missing(said, c.occasions())
}

// occasions is what webhooks have to tell besides, as often as they have to.
func (c *convoy) occasions() map[string]int {
	all := map[string]int{"channel_occupied " + fatChannel: 1}
	for room := range rooms {
		all["channel_occupied "+presenceOf(room)] = 1
		all["channel_occupied "+deskOf(room)] = 1
		all["member_added "+presenceOf(room)] = perRoom
	}
	return all
}

// intact wants that nobody has noticed anything, and prepares the next round: sleepers wake, and fall asleep again.
func (c *convoy) intact() error {
	if err := c.arrive(); err != nil {
		return err
	}
	for i, p := range c.asleep {
		if err := p.wake(c.fed); err != nil {
			return fmt.Errorf("sleeper %d: %w", i, err)
		}
	}
	for name, want := range map[string]float64{"fanfare_presence_members": rooms * perRoom, "fanfare_panics_total": 0} {
		if got, err := c.server.metric(name); err != nil || got != want {
			return fmt.Errorf("%s is %v, want %v (%w)", name, got, want, err)
		}
	}
	return nil
}

// feed publishes more to the sleepers than their sockets hold.
func (c *convoy) feed() {
	c.t.Helper()
	client := kept(1)
	defer client.CloseIdleConnections()
	for range meal {
		if err := c.server.publish(client, victim, publication(fatChannel, "fat", fat(c.fed), "")); err != nil {
			c.t.Fatal(err)
		}
		c.fed++
	}
}

// cutOff wants that everybody's connection has ended, by the kernel's doing, and that nothing wrong was said before. The ports
// are free.
func (c *convoy) cutOff() error {
	late := time.After(patience)
	for _, m := range c.talkers {
		select {
		case <-m.ended:
		case <-late:
			return fmt.Errorf("traveller %d hangs: its connection has not ended", m.number)
		}
		if err := m.why(); !cutByKernel(err) {
			return fmt.Errorf("traveller %d: %w", m.number, err)
		}
	}
	for i, p := range c.asleep {
		if err := p.wake(c.fed); err != nil && !cutByKernel(err) {
			return fmt.Errorf("sleeper %d: %w", i, err)
		}
	}
	for _, addr := range []string{c.server.addr, c.server.TLS} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("the port is not free: %w", err)
		}
		_ = l.Close()
	}
	return nil
}

// cutByKernel is how a connection ends when its process is gone.
func cutByKernel(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func presenceOf(room int) string { return fmt.Sprint("presence-room-", room) }
func deskOf(room int) string     { return fmt.Sprint("private-desk-", room) }

// tally is what a convoy has done, for the log.
func (c *convoy) tally() string {
	c.gate.Lock()
	defer c.gate.Unlock()
	said, published := 0, 0
	for _, m := range c.talkers {
		said += m.said
	}
	for _, n := range c.published {
		published += n
	}
	return fmt.Sprintf("%d whispers, %d events, %d newcomers", said, published, c.newcomers)
}
