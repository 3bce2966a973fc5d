//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pusher/pusher-http-go/v5"
)

// order is the payload of the events below, and orderJSON what a client sees of it.
var order = map[string]int{"order": 7}

const orderJSON = rawJSON(`{"order":7}`)

// TestGoLibrary publishes and asks with pusher-http-go; pusher-js subscribes.
func TestGoLibrary(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	scripts := startNode(t, "client")
	alice := connectPusher(t, scripts, "alice", s.addr, app)
	bob := connectPusher(t, scripts, "bob", s.addr, app)
	for _, c := range []*client{alice, bob} {
		for _, channel := range []string{"orders", "private-orders", "presence-orders"} {
			c.subscribe(t, channel, "created", "paid")
		}
	}

	library := s.library()
	channels := []string{"orders", "private-orders", "presence-orders"}
	if err := library.TriggerMulti(channels, "created", order); err != nil {
		t.Fatalf("TriggerMulti: %v", err)
	}
	batch := []pusher.Event{
		{Channel: "orders", Name: "paid", Data: "in cash", SocketID: &alice.socketID},
		{Channel: "private-orders", Name: "paid", Data: order},
	}
	if _, err := library.TriggerBatch(batch); err != nil {
		t.Fatalf("TriggerBatch: %v", err)
	}

	created := []seen{
		{Channel: "orders", Event: "created", Data: orderJSON},
		{Channel: "private-orders", Event: "created", Data: orderJSON},
		{Channel: "presence-orders", Event: "created", Data: orderJSON},
	}
	paid := seen{Channel: "private-orders", Event: "paid", Data: orderJSON}
	alice.expectInAnyOrder(t, "event", append(created, paid)...)
	bob.expectInAnyOrder(t, "event", append(created, paid, seen{Channel: "orders", Event: "paid", Data: `"in cash"`})...)
	goLibraryCounts(t, library)
}

// goLibraryCounts asks for what Alice and Bob, both in three channels, amount to.
func goLibraryCounts(t *testing.T, library *pusher.Client) {
	t.Helper()
	both := "user_count,subscription_count"
	channel, err := library.Channel("presence-orders", pusher.ChannelParams{Info: &both})
	if err != nil {
		t.Fatalf("Channel: %v", err)
	}
	wantChannel := &pusher.Channel{Name: "presence-orders", Occupied: true, UserCount: 2, SubscriptionCount: 2}
	if diff := cmp.Diff(wantChannel, channel); diff != "" {
		t.Errorf("Channel (-want +got):\n%s", diff)
	}
	prefix, count := "presence-", "user_count"
	list, err := library.Channels(pusher.ChannelsParams{FilterByPrefix: &prefix, Info: &count})
	if err != nil {
		t.Fatalf("Channels: %v", err)
	}
	wantList := map[string]pusher.ChannelListItem{"presence-orders": {UserCount: 2}}
	if diff := cmp.Diff(wantList, list.Channels); diff != "" {
		t.Errorf("Channels (-want +got):\n%s", diff)
	}
	present, err := library.GetChannelUsers("presence-orders")
	if err != nil {
		t.Fatalf("GetChannelUsers: %v", err)
	}
	ids := map[string]int{}
	for _, u := range present.List {
		ids[u.ID]++
	}
	if diff := cmp.Diff(map[string]int{"1": 1, "2": 1}, ids); diff != "" {
		t.Errorf("GetChannelUsers, times each id is named (-want +got):\n%s", diff)
	}
}

// TestNodeLibrary does with the npm package pusher what TestGoLibrary does with the Go library.
func TestNodeLibrary(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	scripts := startNode(t, "client")
	library := newNodeLibrary(t, s)
	alice := connectPusher(t, scripts, "alice", s.addr, app)
	bob := connectPusher(t, scripts, "bob", s.addr, app)
	alice.subscribe(t, "presence-orders", "created", "paid")
	bob.subscribe(t, "presence-orders", "created", "paid")

	notAlice := args{"socket_id": alice.socketID}
	library.expect(t, rawJSON(`{}`), "trigger", "presence-orders", "created", order, notAlice)
	library.expect(t, rawJSON(`{}`), "triggerBatch", []args{
		{"channel": "presence-orders", "name": "paid", "data": order},
		{"channel": "nobody-here", "name": "paid", "data": order},
	})
	created := seen{Channel: "presence-orders", Event: "created", Data: orderJSON}
	paid := seen{Channel: "presence-orders", Event: "paid", Data: orderJSON}
	alice.expect(t, "event", paid)
	bob.expect(t, "event", created, paid)

	get := func(path string, params args, want rawJSON) {
		t.Helper()
		library.expect(t, want, "get", args{"path": path, "params": params})
	}
	get("/channels", args{}, `{"channels":{"presence-orders":{}}}`)
	get("/channels/presence-orders", args{"info": "user_count"}, `{"occupied":true,"user_count":2}`)
	get("/channels/nobody-here", args{}, `{"occupied":false}`)
}

// nodeLibrary is the npm package pusher, pointed at the server.
type nodeLibrary struct {
	node    *node
	options args
}

func newNodeLibrary(t *testing.T, s *server) *nodeLibrary {
	t.Helper()
	return newNodeLibraryAt(t, startNode(t, "publisher"), s.addr)
}

func newNodeLibraryAt(t *testing.T, script *node, addr string) *nodeLibrary {
	t.Helper()
	address := stockOptions(t, addr)
	return &nodeLibrary{node: script, options: args{
		"appId":                     appID,
		"key":                       appKey,
		"secret":                    appSecret,
		"host":                      address["wsHost"],
		"port":                      address["wsPort"],
		"useTLS":                    false,
		"encryptionMasterKeyBase64": masterKey,
	}}
}

// answer is what a request of the library ended with.
type answer struct {
	Status int
	Body   rawJSON // of a success
	Error  string  // body of a refusal
}

// request calls a method of the library.
func (l *nodeLibrary) request(t *testing.T, method string, arguments ...any) answer {
	t.Helper()
	var got answer
	l.node.call(t, "request", args{"options": l.options, "method": method, "args": arguments}, &got)
	return got
}

// expect calls a method of the library, which must succeed with this body.
func (l *nodeLibrary) expect(t *testing.T, want rawJSON, method string, arguments ...any) {
	t.Helper()
	if diff := cmp.Diff(answer{Status: 200, Body: want}, l.request(t, method, arguments...)); diff != "" {
		t.Fatalf("%s%v (-want +got):\n%s", method, arguments, diff)
	}
}

// TestEncrypted follows events that only their publisher and the subscribers can read, from both libraries.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	alice := connectPusher(t, startNode(t, "client"), "alice", s.addr, app)
	alice.subscribe(t, "private-encrypted-vault", "opened")

	for i, publish := range []func(data any) error{
		func(data any) error { return s.library().Trigger("private-encrypted-vault", "opened", data) },
		func(data any) error {
			newNodeLibrary(t, s).expect(t, rawJSON(`{}`), "trigger", "private-encrypted-vault", "opened", data)
			return nil
		},
	} {
		if err := publish(map[string]int{"by": i}); err != nil {
			t.Fatal(err)
		}
		want := rawJSON(fmt.Sprintf(`{"by":%d}`, i))
		alice.expect(t, "event", seen{Channel: "private-encrypted-vault", Event: "opened", Data: want})
	}
}

// TestForgedRequest: a library with a wrong secret is refused in words.
func TestForgedRequest(t *testing.T) {
	t.Parallel()
	s := serve(t)
	library := newNodeLibrary(t, s)
	library.options["secret"] = "not-the-secret"
	got := library.request(t, "trigger", "orders", "created", order)
	if got.Status != 401 || got.Error == "" {
		t.Errorf("a trigger with a wrong secret got %+v, want status 401 and a reason", got)
	}
}
