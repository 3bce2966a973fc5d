//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mailbox is a webhook's endpoint that is not there at first.
type mailbox struct {
	addr string

	mu     sync.Mutex
	events map[string][]string // guarded by mu; names by channel, and the data of those that have any
}

// newMailbox finds an address that nobody listens on: that of no other test.
func newMailbox(t *testing.T, host string) *mailbox {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &mailbox{addr: l.Addr().String(), events: map[string][]string{}}
}

// open begins to answer.
func (m *mailbox) open(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", m.addr)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: m}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { server.Close() })
}

func (m *mailbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var body struct {
		Events []struct{ Name, Channel, Data string }
	}
	_ = json.NewDecoder(r.Body).Decode(&body) // what is missing is missed at the end
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range body.Events {
		m.events[e.Channel] = append(m.events[e.Channel], e.Name+e.Data)
	}
}

// of is what has come of a channel.
func (m *mailbox) of(channel string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events[channel])
}

const mailboxToml = `
[[apps]]
id = "app-id"
key = "app-key"
secret = "app-secret"
client_events = true

[apps.limit]
client_events_per_second = 0

[[apps.webhooks]]
url = "http://%s/"
private_targets = true
`

// TestUpgradeWebhooks: what could not be delivered before two upgrades is after them, once and in order, be it kept in memory or
// on disk. A channel that was left just before an upgrade is told as vacated once; one that was left and joined again is not.
func TestUpgradeWebhooks(t *testing.T) {
	t.Parallel()
	t.Run("in memory", func(t *testing.T) {
		t.Parallel()
		m := newMailbox(t, "127.0.0.81")
		testUpgradeWebhooks(t, m, serveConfigured(t, fmt.Sprintf(mailboxToml, m.addr)), "channel_vacated")
	})
	t.Run("in a folder", func(t *testing.T) {
		t.Parallel()
		m := newMailbox(t, "127.0.0.82")
		folder := filepath.Join(t.TempDir(), "webhooks")
		testUpgradeWebhooks(t, m, serveConfigured(t, fmt.Sprintf(mailboxToml, m.addr), "--webhooks-dir", folder))
	})
}

const perProcess = 20 // events that happen in each

// testUpgradeWebhooks is told what comes of a channel when the server ends that somebody is on. A folder keeps it for the next start.
func testUpgradeWebhooks(t *testing.T, m *mailbox, s *server, atEnd ...string) {
	v := s.visitor(t)
	v.joinsPrivate(t, s, "private-log")
	v.joins(t, "left")
	v.joins(t, "missed")
	want := []string{"channel_occupied"}
	for round := range 3 {
		if round > 0 {
			s.upgrade(t)
		}
		for n := range perProcess {
			text := fmt.Sprintf(`{"n":%d}`, round*perProcess+n)
			v.says(t, "client-line", args{"channel": "private-log", "data": json.RawMessage(text)})
			want = append(want, "client_event"+text)
		}
	}
	if got := m.of("private-log"); len(got) > 0 {
		t.Fatalf("the endpoint, which is not there, has got %q", got)
	}
	m.open(t)
	until(t, "the events of three processes have arrived", func() bool { return len(m.of("private-log")) >= len(want) })

	for _, channel := range []string{"missed", "left"} {
		v.says(t, "pusher:unsubscribe", args{"data": args{"channel": channel}})
	}
	s.upgrade(t)
	v.joins(t, "missed")
	until(t, "the channel that was left is told as vacated", func() bool { return len(m.of("left")) >= 2 })
	s.upgrade(t)
	if code, err := s.Stop(patience); err != nil || code != 0 {
		t.Fatalf("fanfare ended with exit code %d, error %v", code, err)
	}
	<-s.Done
	for channel, want := range map[string][]string{
		"private-log": append(want, atEnd...),
		"left":        {"channel_occupied", "channel_vacated"},
		"missed":      append([]string{"channel_occupied"}, atEnd...),
	} {
		if diff := cmp.Diff(want, m.of(channel)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", channel, diff)
		}
	}
}
