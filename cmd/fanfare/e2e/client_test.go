//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// client is one connected pusher-js or Echo client in a Node process. Its name is that of a user of the application.
type client struct {
	node *node
	name string

	socketID string
}

// connectPusher connects pusher-js to addr with the options of a self-hosted server.
func connectPusher(t *testing.T, n *node, name, addr string, app *application) *client {
	t.Helper()
	return connectPusherWith(t, n, name, stockOptions(t, addr), app)
}

// connectPusherWith is connectPusher with the options that lead to a server.
func connectPusherWith(t *testing.T, n *node, name string, options args, app *application) *client {
	t.Helper()
	options["cluster"] = "" // pusher-js insists on one
	options["channelAuthorization"] = args{"endpoint": app.URL + "/broadcasting/auth", "headers": args{"X-User": name}}
	c := &client{node: n, name: name}
	n.call(t, "connect", args{"client": name, "key": appKey, "options": options}, &c.socketID)
	return c
}

// connectEcho connects Laravel Echo to addr with the options of Laravel's stock bootstrap file for Reverb.
func connectEcho(t *testing.T, n *node, name, addr string, app *application) *client {
	t.Helper()
	return connectEchoWith(t, n, name, stockOptions(t, addr), app)
}

// connectEchoWith is connectEcho with the options that lead to a server.
func connectEchoWith(t *testing.T, n *node, name string, options args, app *application) *client {
	t.Helper()
	options["broadcaster"] = "reverb"
	options["key"] = appKey
	options["authEndpoint"] = app.URL + "/broadcasting/auth"
	options["auth"] = args{"headers": args{"X-User": name}}
	c := &client{node: n, name: name}
	n.call(t, "connect", args{"client": name, "options": options}, &c.socketID)
	return c
}

// stockOptions are the pusher-js options that lead to a server of one's own.
func stockOptions(t *testing.T, addr string) args {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatalf("the server listens on %q, which is no host:port: %v", addr, err)
	}
	return args{"wsHost": host, "wsPort": port, "forceTLS": false, "enabledTransports": []string{"ws", "wss"}}
}

// subscribe waits for the server's confirmation. The client reports the given events from then on.
func (c *client) subscribe(t *testing.T, channel string, events ...string) {
	t.Helper()
	c.node.call(t, "subscribe", args{"client": c.name, "channel": channel, "events": list(events)}, nil)
}

// listen is subscribe for Echo: method is one of channel, private, encryptedPrivate and join.
func (c *client) listen(t *testing.T, method, channel string, events ...string) {
	t.Helper()
	c.node.call(t, "subscribe", args{"client": c.name, "method": method, "channel": channel, "events": list(events)}, nil)
}

// list makes [] of a nil slice, which JSON would call null.
func list(events []string) []string { return append([]string{}, events...) }

// trigger sends a client event.
func (c *client) trigger(t *testing.T, channel, event string, data any) {
	t.Helper()
	var sent bool
	c.node.call(t, "trigger", args{"client": c.name, "channel": channel, "event": event, "data": data}, &sent)
	if !sent {
		t.Fatalf("%s: pusher-js did not send %s on %s", c.name, event, channel)
	}
}

// expect waits for the client's next reports of a kind, and compares them: nothing may come between, before or twice.
func (c *client) expect(t *testing.T, kind string, want ...seen) {
	t.Helper()
	for i := range want {
		want[i].Kind = kind
		if diff := cmp.Diff(want[i], c.next(t, kind, want[i])); diff != "" {
			t.Fatalf("%s: %s %d of %d differs (-want +got):\n%s", c.name, kind, i+1, len(want), diff)
		}
	}
}

// expectInAnyOrder is expect for events of several channels, between which no order is promised.
func (c *client) expectInAnyOrder(t *testing.T, kind string, want ...seen) {
	t.Helper()
	got := make([]seen, len(want))
	for i := range want {
		want[i].Kind = kind
		got[i] = c.next(t, kind, want)
	}
	sorted := cmpopts.SortSlices(func(a, b seen) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
	if diff := cmp.Diff(want, got, sorted); diff != "" {
		t.Fatalf("%s: %ss differ (-want +got):\n%s", c.name, kind, diff)
	}
}

func (c *client) next(t *testing.T, kind string, want any) seen {
	t.Helper()
	select {
	case got := <-c.node.feed(c.name, kind):
		return got
	case <-c.node.Done:
		t.Fatalf("%s: node ended while the test waited for %+v", c.name, want)
	case <-time.After(patience):
		t.Fatalf("%s: nothing more came within %v, want %+v", c.name, patience, want)
	}
	return seen{}
}

// staysQuiet fails as soon as the connection changes its state or reports an error, and returns after the given time.
func (c *client) staysQuiet(t *testing.T, during time.Duration) {
	t.Helper()
	start := time.Now()
	select {
	case got := <-c.node.feed(c.name, "state"):
		t.Fatalf("%s: the connection went to state %q after %v", c.name, got.State, time.Since(start))
	case got := <-c.node.feed(c.name, "error"):
		t.Fatalf("%s: the connection reported %s after %v", c.name, got.Error, time.Since(start))
	case <-c.node.Done:
		t.Fatalf("%s: node ended after %v", c.name, time.Since(start))
	case <-time.After(during):
	}
}
