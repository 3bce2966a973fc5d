package webhooks

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pusher/pusher-http-go/v5"

	"fanfare/channels"
	"fanfare/channels/apps"
)

func TestWHK01Vectors(t *testing.T) {
	f := func(name, secret, body, want string) {
		t.Helper()
		if got := sign(secret, []byte(body)); got != want {
			t.Errorf("%s: signature %s, want %s", name, got, want)
		}
	}
	const (
		w2 = `{"time_ms":1530710011901,"events":[{"name":"client_event","channel":"private-my-channel","event":"client-event","data":"Unencrypted","socket_id":"240621.35780774"}]}`
		w3 = `{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"my-channel"}]}`
	)
	f("W1", "thisisasecret", `{"hello":"world"}`, "40e0ad3b9aa49529322879e84de1aaaf18bde1efe839ca263d540cc865510d25")
	f("W2", "thisisasecret", w2, "a19cab2af3ca1029257570395e78d5d675e9e700ca676d18a375a7083178df1c")
	f("W3", "7ad3773142a6692b25b8", w3, "c19001ae3963ccb13bf618e5b16ba9848e7e74df0993aa0689168e341c6833cf")

	// And they are what we would have sent, byte for byte.
	body := func(created int64, r record) string {
		return string(appendBody(nil, []event{{created: created, json: encode(&r)}}))
	}
	got2 := body(1530710011901, record{kind: clientEvent, channel: "private-my-channel", event: "client-event", data: "Unencrypted", socket: "240621.35780774"})
	if diff := cmp.Diff(w2, got2); diff != "" {
		t.Errorf("W2's body (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(w3, body(1327078148132, record{kind: channelOccupied, channel: "my-channel"})); diff != "" {
		t.Errorf("W3's body (-want +got):\n%s", diff)
	}
}

func TestEncode(t *testing.T) {
	f := func(r record, want string) {
		t.Helper()
		if diff := cmp.Diff(want, string(encode(&r))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	f(record{kind: channelOccupied, channel: "a"}, `{"name":"channel_occupied","channel":"a"}`)
	f(record{kind: channelVacated, channel: "a"}, `{"name":"channel_vacated","channel":"a"}`)
	f(record{kind: memberAdded, channel: "presence-a", user: "7"}, `{"name":"member_added","channel":"presence-a","user_id":"7"}`)
	f(record{kind: memberRemoved, channel: "presence-a", user: "7"}, `{"name":"member_removed","channel":"presence-a","user_id":"7"}`)
	f(record{kind: cacheMiss, channel: "cache-a"}, `{"name":"cache_miss","channel":"cache-a"}`)
	f(record{kind: subscriptionCount, channel: "a", count: 0}, `{"name":"subscription_count","channel":"a","subscription_count":0}`)
	f(record{kind: subscriptionCount, channel: "a", count: 12}, `{"name":"subscription_count","channel":"a","subscription_count":12}`)
	f(record{kind: channelOccupied, channel: `q"\<&>é` + "\n\u2028"}, `{"name":"channel_occupied","channel":"q\"\\<&>é\n\u2028"}`)
}

func TestWHK13ClientEvent(t *testing.T) {
	f := func(r record, want string) {
		t.Helper()
		r.kind = clientEvent
		if diff := cmp.Diff(want, string(encode(&r))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	f(record{channel: "presence-a", event: "client-x", data: `{"a":1}`, socket: "1234.1234", user: "7"},
		`{"name":"client_event","channel":"presence-a","event":"client-x","data":"{\"a\":1}","socket_id":"1234.1234","user_id":"7"}`)
	f(record{channel: "private-a", event: "client-x", data: "", socket: "1.2"},
		`{"name":"client_event","channel":"private-a","event":"client-x","data":"","socket_id":"1.2"}`)
}

// The request as a receiver sees it, and as the vendor's own library judges it.
func TestWHK02And03HeadersAndSignature(t *testing.T) {
	box := newLetterbox(nil)
	app := hooked("app", box.serve(t)+"/hook?token=t")
	app.WebhookBatching = true
	app.Webhooks[0].Headers = map[string]string{"X-Custom": "mine", "user-agent": "us"}
	app.Webhooks[0].Events = []string{apps.ChannelOccupied, apps.ClientEvent, apps.SubscriptionCount} // filtered: what is signed is what is sent
	h := start(t, Config{Apps: static(t, app)})
	h.Witness(occupied("a<b"))
	h.Witness(came("7"))
	h.Witness(channels.Occasion{Kind: channels.Counted, App: "app", Channel: "b", Count: 3})
	h.ClientEvent("app", "presence-a", "client-x", `{"a":"<é>"}`, "1.2", "7")
	box.wait(t, 3)
	p := box.all()[0]
	client := pusher.Client{AppID: "app", Key: app.Key, Secret: app.Secret}
	got, err := client.Webhook(p.header, []byte(p.raw))
	if err != nil {
		t.Fatal(err)
	}
	want := &pusher.Webhook{TimeMs: int(p.TimeMS), Events: []pusher.WebhookEvent{
		{Name: "channel_occupied", Channel: "a<b"},
		{Name: "subscription_count", Channel: "b"},
		{Name: "client_event", Channel: "presence-a", Event: "client-x", Data: `{"a":"<é>"}`, SocketID: "1.2", UserID: "7"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	header := map[string]string{
		"Content-Type": "application/json", "X-Pusher-Key": "app-key", "User-Agent": "us", "X-Custom": "mine",
		"X-Pusher-Signature": sign("app-secret", []byte(p.raw)),
	}
	for name, value := range header {
		if diff := cmp.Diff([]string{value}, p.header.Values(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if p.url != "/hook?token=t" {
		t.Errorf("posted to %s", p.url)
	}
}

func TestUserAgentByDefault(t *testing.T) {
	box := newLetterbox(nil)
	h := start(t, Config{Apps: static(t, hooked("app", box.serve(t)))})
	h.Witness(occupied("a"))
	box.wait(t, 1)
	if got := box.all()[0].header.Get("User-Agent"); got != userAgent {
		t.Errorf("User-Agent %q", got)
	}
}

func TestWHK16TimeIsInMillisecondsAndStaysTheSame(t *testing.T) {
	box := newLetterbox(func(n int, _ post) int {
		if n < 3 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		after(1234 * time.Millisecond)
		want := time.Now().UnixMilli()
		h.Witness(occupied("a"))
		after(time.Minute)
		posts := box.all()
		if len(posts) != 4 {
			t.Fatalf("%d attempts", len(posts))
		}
		for _, p := range posts {
			if p.TimeMS != want || p.raw != posts[0].raw {
				t.Errorf("%s, want time_ms %d", p.raw, want)
			}
		}
	})
}
