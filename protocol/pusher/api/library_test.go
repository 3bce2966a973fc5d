package api

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pusher "github.com/pusher/pusher-http-go/v5"
)

// RoundTrip lets an HTTP client ask the world.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	var raw bytes.Buffer
	if err := r.Write(&raw); err != nil {
		return nil, err
	}
	w.peer.Write(raw.Bytes())
	w.work()
	return http.ReadResponse(bufio.NewReader(bytes.NewReader(w.peer.Received())), r)
}

// API-42: the vendor's Go library decodes every answer.
func TestAPI42GoLibrary(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now() // as the library's
	a, b := w.subscribe("presence-a", "1"), w.subscribe("presence-a", "2")
	c := w.subscribe("c")
	id := w.ids.Add(a).String()
	client := pusher.Client{AppID: "3", Key: testKey, Secret: testSecret, Host: "localhost", HTTPClient: &http.Client{Transport: w}}
	f := func(err error, got, want any) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	n := func(i int) *int { return &i }
	info := "user_count,subscription_count"

	f(client.Trigger("c", `App\Events\X`, map[string]string{"a": "</b>"}), nil, nil)
	w.got(fmt.Sprintf(`c App\Events\X {"a":"\u003c/b\u003e"} [%d]`, c))
	_, err := client.TriggerMultiWithParams([]string{"c", "presence-a"}, "x", "y", pusher.TriggerParams{SocketID: &id})
	f(err, nil, nil)
	w.got(fmt.Sprintf(`c x y [%d]`, c), fmt.Sprintf(`presence-a x y [%d]`, b))
	list, err := client.TriggerMultiWithParams([]string{"c", "presence-a"}, "x", "y", pusher.TriggerParams{Info: &info})
	f(err, list, &pusher.TriggerChannelsList{Channels: map[string]pusher.TriggerChannelListItem{
		"c": {SubscriptionCount: n(1)}, "presence-a": {UserCount: n(2), SubscriptionCount: n(2)},
	}})
	batch, err := client.TriggerBatch([]pusher.Event{{Channel: "c", Name: "x", Data: "y"}, {Channel: "presence-a", Name: "x", Data: "y", Info: &info}})
	f(err, batch, &pusher.TriggerBatchChannelsList{Batch: []pusher.TriggerBatchChannelListItem{{}, {UserCount: n(2), SubscriptionCount: n(2)}}})
	batch, err = client.TriggerBatch([]pusher.Event{{Channel: "c", Name: "x", Data: "y"}})
	f(err, batch, &pusher.TriggerBatchChannelsList{})

	prefix, users := "presence-", "user_count"
	all, err := client.Channels(pusher.ChannelsParams{FilterByPrefix: &prefix, Info: &users})
	f(err, all, &pusher.ChannelsList{Channels: map[string]pusher.ChannelListItem{"presence-a": {UserCount: 2}}})
	one, err := client.Channel("presence-a", pusher.ChannelParams{Info: &info})
	f(err, one, &pusher.Channel{Name: "presence-a", Occupied: true, UserCount: 2, SubscriptionCount: 2})
	who, err := client.GetChannelUsers("presence-a")
	f(err, who, &pusher.Users{List: []pusher.User{{ID: "1"}, {ID: "2"}}})

	u := w.subscribe("#server-to-user-user-12")
	f(client.SendToUser("user-12", "x", "y"), nil, nil)
	w.got(fmt.Sprintf("#server-to-user-user-12 x y [%d]", u))

	if err := client.Trigger("c", "x", strings.Repeat("x", 10240)); err != nil {
		t.Error(err)
	}
	client.Secret = "wrong"
	if err := client.Trigger("c", "x", "y"); err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "Invalid signature") {
		t.Errorf("got %v", err)
	}
}
