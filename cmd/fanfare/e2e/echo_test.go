//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestEchoChannels (LAR-01, LAR-05, LAR-06): what Laravel broadcasts reaches the kinds of channels that Echo can open, with the
// stock options of the reverb broadcaster. TestEchoPresence has the fourth kind.
func TestEchoChannels(t *testing.T) {
	t.Parallel()
	s := serve(t)
	alice := connectEcho(t, startNode(t, "echo"), "alice", s.addr, startApplication(t, s))
	for method, channel := range map[string]string{
		"channel":          "orders",
		"private":          "private-orders",
		"encryptedPrivate": "private-encrypted-orders",
	} {
		alice.listen(t, method, "orders", "OrderShipped", ".order.paid")
		broadcast(t, s, channel, `App\Events\OrderShipped`, "order.paid")
		alice.expect(t, "event",
			seen{Channel: "orders", Event: "OrderShipped", Data: orderJSON},
			seen{Channel: "orders", Event: ".order.paid", Data: orderJSON})
	}
}

// broadcast publishes an order under each of the names.
func broadcast(t *testing.T, s *server, channel string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := s.library().Trigger(channel, name, order); err != nil {
			t.Fatalf("cannot broadcast %s on %s: %v", name, channel, err)
		}
	}
}

// TestEchoNotification (LAR-09).
func TestEchoNotification(t *testing.T) {
	t.Parallel()
	s := serve(t)
	alice := connectEcho(t, startNode(t, "echo"), "alice", s.addr, startApplication(t, s))
	alice.listen(t, "private", "App.Models.User.1")
	broadcast(t, s, "private-App.Models.User.1", `Illuminate\Notifications\Events\BroadcastNotificationCreated`)
	alice.expect(t, "event", seen{Channel: "App.Models.User.1", Event: "notification", Data: orderJSON})
}

// TestEchoManyChannels (LAR-10): Laravel cuts a broadcast to 150 channels into two requests.
func TestEchoManyChannels(t *testing.T) {
	t.Parallel()
	s := serve(t)
	alice := connectEcho(t, startNode(t, "echo"), "alice", s.addr, startApplication(t, s))
	channels := make([]string, 150)
	want := make([]seen, len(channels))
	for i := range channels {
		channels[i] = fmt.Sprintf("orders-%d", i)
		alice.listen(t, "channel", channels[i], "OrderShipped")
		want[i] = seen{Channel: channels[i], Event: "OrderShipped", Data: orderJSON}
	}
	for _, chunk := range [][]string{channels[:100], channels[100:]} {
		if err := s.library().TriggerMulti(chunk, `App\Events\OrderShipped`, order); err != nil {
			t.Fatalf("TriggerMulti to %d channels: %v", len(chunk), err)
		}
	}
	alice.expectInAnyOrder(t, "event", want...)
}

// TestEchoRefused (LAR-03): .error() tells a page that the server did not accept its signature.
func TestEchoRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	app.pusher.Secret = "not-the-secret"
	scripts := startNode(t, "echo")
	alice := connectEcho(t, scripts, "alice", s.addr, app)
	arguments := args{"client": alice.name, "method": "private", "channel": "orders", "events": []string{}}
	if err := scripts.try("subscribe", arguments, nil); err == nil || !strings.Contains(err.Error(), "AuthError") {
		t.Errorf(".error() got %v, want an AuthError", err)
	}
}

// TestEchoPresence (LAR-04): three users in five tabs are three members, told once each.
func TestEchoPresence(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	open := func(name string) *client {
		t.Helper()
		c := connectEcho(t, startNode(t, "echo"), name, s.addr, app)
		c.listen(t, "join", "desk", ".done")
		return c
	}
	const alice, bob, carol = `{"id":"1","name":"Alice"}`, `{"id":"2","name":"Bob"}`, `{"id":"3","name":"Carol"}`
	first := open("alice")
	tabs := []*client{open("alice"), open("bob"), open("bob")}
	last := open("carol")
	for _, tab := range tabs {
		tab.node.call(t, "leave", args{"client": tab.name, "channel": "desk"}, nil)
		tab.listen(t, "channel", "elsewhere") // once this is confirmed, the server has seen the tab leave
	}
	broadcast(t, s, "presence-desk", "done")
	first.expect(t, "event",
		seen{Channel: "desk", Event: "here", Data: "[" + alice + "]"},
		seen{Channel: "desk", Event: "joining", Data: bob},
		seen{Channel: "desk", Event: "joining", Data: carol},
		seen{Channel: "desk", Event: "leaving", Data: bob},
		seen{Channel: "desk", Event: ".done", Data: orderJSON})
	last.expect(t, "event",
		seen{Channel: "desk", Event: "here", Data: "[" + alice + "," + bob + "," + carol + "]"},
		seen{Channel: "desk", Event: "leaving", Data: bob},
		seen{Channel: "desk", Event: ".done", Data: orderJSON})
}
