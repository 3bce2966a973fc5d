//go:build e2e && linux

package hostile

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fanfare/engine/websocket"
	"fanfare/protocol/pusher/auth"
)

const (
	pingAfter = 2 * time.Second // of silence
	pongLimit = 2 * time.Second
	cacheLife = 6 * time.Second
	vacating  = 3 * time.Second // from the last one's leaving to channel_vacated

	// What may come on top: clocks of whole seconds, and a machine on which everything takes many times as long. A wait that
	// follows the clock's leap is longer by an hour.
	late = 10 * time.Second
)

func clockSettings(hook string) string {
	return fmt.Sprintf(`
[server]
pong_timeout = 2
max_connections = 100 # the guest has few descriptors, of which the log would tell

[[apps]]
id = %q
key = %q
secret = %q
activity_timeout = 2

[apps.limit]
cached_event_life = 6

[[apps.webhooks]]
url = "http://%s/"
private_targets = true
`, victim.id, victim.key, victim.secret, hook)
}

// leap has the clock leap while a server is in use. What the server had to wait for it must wait for as long as without.
func leap(t *testing.T, by time.Duration) {
	hooks := listenForHooks(t)
	s := serveWith(t, clockSettings(hooks.addr))
	client := kept(1)
	defer client.CloseIdleConnections()
	stays := attend(t, s, "cache-news")
	hooks.wants(t, "channel_occupied cache-news", 0, late)
	leaver, mute := must(s.connect(victim))(t), must(s.connect(victim))(t)
	defer mute.Close()
	if err := leaver.join(victim, "left", ""); err != nil {
		t.Fatal(err)
	}
	hooks.wants(t, "channel_occupied left", 0, late)
	if err := s.publish(client, victim, publication("cache-news", "kept", "1", "")); err != nil {
		t.Fatal(err)
	}
	stays.hears(t, "kept", late)
	if err := errors.Join(leaver.Close(), mute.say(barrier), mute.reachesBarrier()); err != nil {
		t.Fatal(err)
	}
	start := time.Now() // of all waits, to within a few milliseconds
	if err := setClock(by); err != nil {
		t.Fatal(err)
	}
	if err := s.publish(client, victim, publication("cache-other", "after", "2", "")); err != nil {
		t.Errorf("signed by the new clock: %v", err)
	}
	s.refusesOldClock(t, client, by)
	s.keeps(t, "cache-news", start, true)
	hooks.wants(t, "channel_vacated left", vacating-time.Since(start)-time.Second/2, late)
	mute.timesOut(t, start)
	pause(cacheLife + time.Second - time.Since(start))
	s.keeps(t, "cache-news", start, false)
	stays.pinged(t)
	s.unmoved(t)
	if err := s.publish(client, victim, publication("cache-news", "last", "3", "")); err != nil {
		t.Error(err)
	}
	stays.hears(t, "last", late)
}

// unmoved wants nobody but the mute one to have been closed, and nothing to be wrong.
func (s *server) unmoved(t *testing.T) {
	t.Helper()
	if n, err := s.metric(`fanfare_pusher_closed_total{code="4201"}`); err != nil || n != 1 {
		t.Errorf("%v connections were closed for silence, want the mute one (%v)", n, err)
	}
	text := regexp.MustCompile(`.*"a loop stood still;.*`).ReplaceAllString(s.Log(), "") // the machine may be busy
	if strings.Contains(text, `"level":"ERROR"`) || strings.Contains(text, `"level":"WARN"`) {
		t.Errorf("the log says\n%s", text)
	}
}

// refusesOldClock sends a request that is signed as if the clock had not leapt.
func (s *server) refusesOldClock(t *testing.T, client *http.Client, by time.Duration) {
	t.Helper()
	const path = "/apps/victim/channels"
	now, old := time.Now(), time.Now().Add(-by)
	status, text, err := s.callRaw(client, http.MethodGet, path+"?"+victim.signer.SignRequest(http.MethodGet, path, []auth.Param{}, nil, old), nil)
	if err != nil || status != http.StatusUnauthorized {
		t.Errorf("signed by the old clock: %d %s, %v; want 401", status, text, err)
	}
	for _, moment := range []time.Time{now, old} { // to the minute, or the one that has just begun
		first, second := moment.UTC().Format("2006-01-02T15:04"), moment.Add(5*time.Second).UTC().Format("2006-01-02T15:04")
		if !strings.Contains(string(text), first) && !strings.Contains(string(text), second) {
			t.Errorf("signed by the old clock: %s; want it to name %s", text, first)
		}
	}
}

// keeps wants a channel to replay its last event to a newcomer, or not.
func (s *server) keeps(t *testing.T, channel string, published time.Time, want bool) {
	t.Helper()
	p, err := s.connect(victim)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.join(victim, channel, ""); err != nil {
		t.Fatal(err)
	}
	e, err := p.event()
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Event == "kept"; got != want {
		t.Errorf("%v after it was published a newcomer gets %s, want the event: %v", time.Since(published), e.Event, want)
	}
}

// timesOut wants the connection to be closed at the time that there is for a pong.
func (p *peer) timesOut(t *testing.T, silent time.Time) {
	t.Helper()
	code, err := p.farewell()
	const least = pingAfter + pongLimit - time.Second
	if took := time.Since(silent); code != 4201 || took < least || took > least+late {
		t.Errorf("who answers no ping was closed after %v with %d (%v), want 4201 after %v", took, code, err, pingAfter+pongLimit)
	}
}

// attendee is a client that answers pings.
type attendee struct {
	*peer
	since  time.Time
	pings  atomic.Int32
	events chan string
	failed chan error
}

func attend(t *testing.T, s *server, channel string) *attendee {
	t.Helper()
	p, err := s.connect(victim)
	if err != nil {
		t.Fatal(err)
	}
	a := &attendee{peer: p, since: time.Now(), events: make(chan string, 100), failed: make(chan error, 1)}
	if err := errors.Join(p.join(victim, channel, ""), p.SetDeadline(time.Time{})); err != nil {
		t.Fatal(err)
	}
	go func() { a.failed <- a.listen() }()
	t.Cleanup(func() { p.Close() })
	return a
}

func (a *attendee) listen() error {
	for {
		m, err := a.next()
		switch {
		case err != nil:
			return err
		case m.Op == websocket.Ping:
			a.pings.Add(1)
			_, err = a.Write(frame(websocket.Pong, true, m.Payload))
		case m.Op == websocket.Close:
			return fmt.Errorf("closed with %d: %s", m.Code, m.Reason)
		default:
			var e event
			err = json.Unmarshal(m.Payload, &e)
			a.events <- e.Event
		}
		if err != nil {
			return err
		}
	}
}

// hears wants an event.
func (a *attendee) hears(t *testing.T, name string, limit time.Duration) {
	t.Helper()
	for timeout := time.After(limit); ; {
		select {
		case got := <-a.events:
			if got == name {
				return
			}
		case err := <-a.failed:
			t.Fatalf("the connection has ended: %v", err)
		case <-timeout:
			t.Fatalf("event %s did not come within %v", name, limit)
		}
	}
}

// pinged wants as many pings as the time that has passed allows for.
func (a *attendee) pinged(t *testing.T) {
	t.Helper()
	took, n := time.Since(a.since), a.pings.Load()
	if most, least := int32(took/pingAfter)+1, int32(took/(pingAfter+time.Second))-1; n < least || n > most {
		t.Errorf("%d pings in %v, want %d to %d", n, took, least, most)
	}
}
