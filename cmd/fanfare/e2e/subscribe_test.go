//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/pusher/pusher-http-go/v5"
)

// TestClientEvents: a client event reaches the others and not its sender, and bears the sender's id where there is one.
func TestClientEvents(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	scripts := startNode(t, "client")
	alice := connectPusher(t, scripts, "alice", s.addr, app)
	bob := connectPusher(t, scripts, "bob", s.addr, app)
	for _, c := range []*client{alice, bob} {
		c.subscribe(t, "private-desk", "client-nod", "done")
		c.subscribe(t, "presence-desk", "client-nod", "done")
	}
	alice.trigger(t, "private-desk", "client-nod", args{"to": "bob"})
	alice.trigger(t, "presence-desk", "client-nod", args{"to": "bob"})
	bob.expect(t, "event",
		seen{Channel: "private-desk", Event: "client-nod", Data: `{"to":"bob"}`},
		seen{Channel: "presence-desk", Event: "client-nod", Data: `{"to":"bob"}`, UserID: "1"})

	// Had Alice got her own nods, they would come before this.
	broadcast(t, s, "presence-desk", "done")
	alice.expect(t, "event", seen{Channel: "presence-desk", Event: "done", Data: orderJSON})
}

// TestPresence: members come and go once, however many connections they have.
func TestPresence(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	alice := connectPusher(t, startNode(t, "client"), "alice", s.addr, app)
	alice.subscribe(t, "presence-desk", "pusher:member_added", "pusher:member_removed", "done")
	// The clients of a Node process have their names from users, so that two Bobs need two processes.
	bobs := []*client{
		connectPusher(t, startNode(t, "client"), "bob", s.addr, app),
		connectPusher(t, startNode(t, "client"), "bob", s.addr, app),
	}
	const bob = `{"id":"2","info":{"id":"2","name":"Bob"}}`
	for _, b := range bobs {
		b.subscribe(t, "presence-desk")
	}
	for _, b := range bobs {
		b.node.call(t, "unsubscribe", args{"client": b.name, "channel": "presence-desk"}, nil)
		b.subscribe(t, "elsewhere") // once this is confirmed, the server has seen Bob leave
	}
	broadcast(t, s, "presence-desk", "done")
	alice.expect(t, "event",
		seen{Channel: "presence-desk", Event: "pusher:member_added", Data: bob},
		seen{Channel: "presence-desk", Event: "pusher:member_removed", Data: bob},
		seen{Channel: "presence-desk", Event: "done", Data: orderJSON})
}

// TestRefusedSubscriptions: whoever is refused learns by whom, the application or the server.
func TestRefusedSubscriptions(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	scripts := startNode(t, "client")
	refused := func(c *client, channel, want string) {
		t.Helper()
		arguments := args{"client": c.name, "channel": channel, "events": []string{}}
		if err := scripts.try("subscribe", arguments, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s subscribes %s: got %v, want a refusal that holds %q", c.name, channel, err, want)
		}
	}
	refused(connectPusher(t, scripts, "alice", s.addr, app), "private-closed", `"status":403`)

	forger := s.library()
	forger.Secret = "not-the-secret"
	forged := startApplication(t, s)
	forged.pusher = forger
	bob := connectPusher(t, scripts, "bob", s.addr, forged)
	refused(bob, "private-orders", `"status":401`)

	// The connection has survived, and the channel that it was refused is not among its subscriptions.
	bob.subscribe(t, "orders", "created")
	count := "subscription_count"
	channel, err := s.library().Channel("private-orders", pusher.ChannelParams{Info: &count})
	if err != nil {
		t.Fatal(err)
	}
	if channel.Occupied || channel.SubscriptionCount != 0 {
		t.Errorf("private-orders has %d subscriptions after a refusal, want none", channel.SubscriptionCount)
	}
}
