//go:build e2e

package e2e

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pusher/pusher-http-go/v5"
)

// How much waits for a client that does not read: more than sockets take.
const (
	backlog     = 100
	backlogData = 90 << 10
)

// visit opens a session by TLS of one version.
func (s *tlsServer) visit(t *testing.T, version uint16) *visitor {
	t.Helper()
	config := &tls.Config{RootCAs: s.authority.Roots, ServerName: "localhost", MinVersion: version, MaxVersion: version}
	return visit(t, "wss://"+s.secure+"/app/"+appKey+"?protocol=7", config)
}

// secured are clients by one version of TLS.
type secured struct {
	version string
	script  *client  // pusher-js
	torn    *visitor // whose records are on their way while processes change
	slow    *visitor // for whom much waits
	openssl *openSSL
}

func (s *tlsServer) clientsBy(t *testing.T, app *application, name, version string, number uint16, flags ...string) *secured {
	t.Helper()
	script := startNode(t, "client", "NODE_EXTRA_CA_CERTS="+s.roots, "NODE_OPTIONS=--tls-min-v"+version+" --tls-max-v"+version)
	c := &secured{
		version: version, script: connectPusherWith(t, script, name, s.options(t), app),
		torn: s.visit(t, number), slow: s.visit(t, number), openssl: s.startOpenSSL(t, flags...),
	}
	c.script.subscribe(t, "private-orders", "created", "client-typing")
	c.slow.joins(t, "flood")
	c.openssl.says(t, request, "HTTP/1.1 200 OK")
	return c
}

// TestUpgradeTLS: connections by TLS 1.3 and 1.2, by three implementations of it, go on under three processes more with the keys
// that they have: messages before, through and after, a record of which half has come, megabytes that wait, and new keys.
func TestUpgradeTLS(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "[server]\nqueue_bytes = \"64MiB\"\nqueue_age = 300\n")
	app := s.application(t)
	both := []*secured{
		s.clientsBy(t, app, "alice", "1.3", tls.VersionTLS13, "-tls1_3"),
		s.clientsBy(t, app, "bob", "1.2", tls.VersionTLS12, "-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"),
	}
	alice, bob := both[0].script, both[1].script
	library := s.overTLS(t)
	library.OverrideMaxMessagePayloadKB = 100
	flood(t, library)
	for round := range 3 {
		torn := fmt.Sprint("torn-", round)
		for _, c := range both {
			c.torn.socket.tear()
			c.torn.says(t, "pusher:subscribe", args{"data": args{"channel": torn}})
		}
		bob.trigger(t, "private-orders", "client-typing", args{"round": round})
		if got := s.upgrade(t); got.StateBytes < backlog*backlogData/2 {
			t.Errorf("%d bytes were handed over, want what two clients did not read", got.StateBytes)
		}
		alice.trigger(t, "private-orders", "client-typing", args{"after": round})
		alice.expect(t, "event", seen{Channel: "private-orders", Event: "client-typing", Data: rawJSON(fmt.Sprintf(`{"round":%d}`, round))})
		bob.expect(t, "event", seen{Channel: "private-orders", Event: "client-typing", Data: rawJSON(fmt.Sprintf(`{"after":%d}`, round))})
		if err := library.Trigger("private-orders", "created", order); err != nil {
			t.Fatal(err)
		}
		for _, c := range both {
			c.script.expect(t, "event", seen{Channel: "private-orders", Event: "created", Data: orderJSON})
			if err := c.torn.socket.mend(); err != nil {
				t.Fatal(err)
			}
			if got := c.torn.hears(t, "pusher_internal:subscription_succeeded"); got.Channel != torn {
				t.Errorf("TLS %s: half a record became a subscription to %q", c.version, got.Channel)
			}
			c.openssl.says(t, request, "HTTP/1.1 200 OK")
		}
		both[0].openssl.says(t, "K\n", "KEYUPDATE") // new keys, and ours are asked for
		both[0].openssl.says(t, request, "HTTP/1.1 200 OK")
	}
	for _, c := range both {
		for n := range backlog {
			if got := c.slow.hears(t, "drop").text(); len(got) != backlogData || !strings.HasPrefix(got, fmt.Sprintf("%03d", n)) {
				t.Fatalf("TLS %s: %.3s of %d bytes came instead of %03d", c.version, got, len(got), n)
			}
		}
		c.script.expect(t, "state", seen{State: "connected"})
		c.script.staysQuiet(t, 100*time.Millisecond)
	}
}

// flood publishes what clients that do not read have to wait for.
func flood(t *testing.T, library *pusher.Client) {
	t.Helper()
	for n := range backlog {
		number := fmt.Sprintf("%03d", n)
		if err := library.Trigger("flood", "drop", number+large(backlogData-len(number))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUpgradeTLSTickets: the keys of tickets are each process' own. Who comes back with the ticket of a former one makes a whole
// handshake, and gets a ticket that is good.
func TestUpgradeTLSTickets(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	sessions := tls.NewLRUClientSessionCache(1)
	f := func(when string, want bool) {
		t.Helper()
		state, err := s.shake(&tls.Config{ClientSessionCache: sessions})
		if err != nil || state.DidResume != want {
			t.Errorf("%s: resumed %v, %v; want %v", when, state.DidResume, err, want)
		}
	}
	f("first", false)
	f("before the upgrade", true)
	s.upgrade(t)
	f("after the upgrade", false)
	f("with a ticket of the new process", true)
}
