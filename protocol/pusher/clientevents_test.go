package pusher

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
)

// pair is two clients on one channel, confirmed.
func pair(w *world, channel string) (sender, other *client) {
	sender, other = w.connect(), w.connect()
	sender.join(channel, `{"user_id":"s"}`)
	other.join(channel, `{"user_id":"o"}`)
	sender.read()
	return sender, other
}

func TestClientEvent_CLI01_CLI06(t *testing.T) {
	for _, channel := range []string{"private-x", "private-encrypted-x", "private-cache-x"} {
		sender, other := pair(newWorld(t, nil), channel)
		sender.write(`{"event":"client-e","data":"d","channel":"` + channel + `"}`)
		other.wants(`{"event":"client-e","channel":"` + channel + `","data":"d"}`)
		sender.wants()
	}
}

func TestClientEventData_CLI02_CLI03_CLI04_CLI17(t *testing.T) {
	sender, other := pair(newWorld(t, func(a *apps.App) { a.Limits.ClientEventsPerSecond = 0 }), "private-x")
	for in, out := range map[string]string{
		`,"data":{ "a" : [1, 2.50, -1e3], "é\u00e9" : "<&>\u2028" }`: `"{\"a\":[1,2.50,-1e3],\"é\\u00e9\":\"<&>\\u2028\"}"`,
		`,"data":"{\"a\": 1}"`:           `"{\"a\": 1}"`,
		`,"data":"\u00e9\n\u0001\"\\\/"`: `"é\n\u0001\"\\/"`,
		`,"data":"\ud83d\ude00"`:         `"😀"`,
		`,"data":""`:                     `""`,
		`,"data":[]`:                     `"[]"`,
		`,"data":12345678901234567890`:   `"12345678901234567890"`,
		`,"data":true`:                   `"true"`,
		`,"data":null`:                   `"null"`,
		``:                               `"{}"`,
	} {
		sender.write(`{"event":"client-e","channel":"private-x"` + in + `}`)
		other.wants(`{"event":"client-e","channel":"private-x","data":` + out + `}`)
	}
	sender.wants()
}

func TestSenderIdentity_CLI05_CLI07(t *testing.T) {
	sender, other := pair(newWorld(t, nil), "presence-x")
	sender.write(`{"event":"client-e","channel":"presence-x","data":"d","user_id":"o","socket_id":"1.1","x":1}`)
	other.wants(`{"event":"client-e","channel":"presence-x","data":"d","user_id":"s"}`)
	sender, other = pair(newWorld(t, nil), "private-x")
	sender.write(`{"event":"client-e","channel":"private-x","data":"d","user_id":"o"}`)
	other.wants(`{"event":"client-e","channel":"private-x","data":"d"}`)
}

func TestClientEventRefusals(t *testing.T) {
	hosted := func(a *apps.App) {
		if err := a.ApplyPreset(apps.PresetPusher); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		change func(*apps.App)
		frame  string
		want   string
	}{
		"CLI08 public": {
			nil, `{"event":"client-e","channel":"news","data":"d"}`,
			pusherError("null", "Client event rejected: only supported on private and presence channels, not on news"),
		},
		"CLI08 cache": {
			nil, `{"event":"client-e","channel":"cache-x","data":"d"}`,
			pusherError("null", "Client event rejected: only supported on private and presence channels, not on cache-x"),
		},
		"CLI09 not subscribed": {
			nil, `{"event":"client-e","channel":"private-y","data":"d"}`,
			pusherError("null", "Cannot broadcast client event (connection not subscribed to channel private-y)"),
		},
		"CLI10 off": {
			func(a *apps.App) { a.ClientEvents = false }, `{"event":"client-e","channel":"private-x","data":"d"}`,
			pusherError("null", "Client event rejected: client events are not enabled for this app"),
		},
		"CLI14 size": {
			hosted, `{"event":"client-e","channel":"private-x","data":"` + strings.Repeat("x", 10241) + `"}`,
			pusherError("null", "Client event rejected: its data has 10241 bytes, and at most 10240 bytes are allowed"),
		},
		"event name": {nil, `{"event":"client-` + strings.Repeat("x", 194) + `","channel":"private-x","data":"d"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.change)
			sender, other := pair(w, "private-x")
			for _, c := range []*client{sender, other} {
				c.join("news", "")
				c.join("cache-x", "")
			}
			sender.write(test.frame)
			if got := sender.read(); len(got) != 1 || !strings.HasPrefix(got[0], `{"event":"pusher:error","data":{"code":null`) || test.want != "" && got[0] != test.want {
				t.Errorf("received %q", got)
			}
			other.wants()
			sender.write(ping)
			sender.wants(pong)
		})
	}
	sender, other := pair(newWorld(t, hosted), "private-x")
	sender.write(`{"event":"client-e","channel":"private-x","data":"` + strings.Repeat("x", 10240) + `"}`)
	if got := other.read(); len(got) != 1 {
		t.Errorf("10240 bytes: %d messages", len(got))
	}
}

func TestClientEventRate_CLI12_CLI13(t *testing.T) {
	w := newWorld(t, nil)
	sender, other := pair(w, "private-x")
	var burst []string
	for i := range 11 {
		burst = append(burst, ping, fmt.Sprintf(`{"event":"client-e","channel":"private-x","data":"%d"}`, i))
	}
	now := time.Hour
	w.server.clock = func() time.Duration { return now }
	sender.write(burst...)
	errs := 0
	for _, got := range sender.read() {
		if got == pusherError("4301", "Client event rejected: at most 10 per second are relayed for a connection") {
			errs++
		} else if got != pong {
			t.Errorf("received %s", got)
		}
	}
	if got := other.read(); len(got)+errs != 11 || errs != 1 {
		t.Errorf("%d events and %d errors, want 10 and 1", len(got), errs)
	}
	now += second
	sender.write(`{"event":"client-e","channel":"private-x","data":"later"}`)
	other.wants(`{"event":"client-e","channel":"private-x","data":"later"}`)
}

func TestClientEventToTheSendersOtherTab(t *testing.T) {
	w := newWorld(t, nil)
	a, b := w.connect(), w.connect()
	a.join("presence-x", `{"user_id":"1"}`)
	b.join("presence-x", `{"user_id":"1"}`)
	a.write(`{"event":"client-e","channel":"presence-x","data":"d"}`)
	b.wants(`{"event":"client-e","channel":"presence-x","data":"d","user_id":"1"}`)
}

func TestClientEventOverload(t *testing.T) {
	w := newWorld(t, nil)
	sender, other := pair(w, "private-x")
	for w.loop.Reserve(1 << 20) {
	}
	for w.loop.Reserve(1) {
	}
	sender.write(`{"event":"client-e","channel":"private-x","data":"d"}`)
	sender.wants(pusherError("null", "Client event dropped: the server is overloaded and nobody got it; send it again later"))
	other.wants()
}

func TestClientEventsAreReported_WHK13(t *testing.T) {
	var got []ClientEvent
	f := func(channel string, webhooks []apps.Webhook, want ...ClientEvent) {
		t.Helper()
		got = nil
		app := apps.New("3", testKey, testSecret)
		app.Webhooks = webhooks
		store, err := apps.NewStatic(app)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorldWith(t, Config{Apps: store, ClientEvent: func(e ClientEvent) { got = append(got, e) }}, app)
		sender, _ := pair(w, channel)
		sender.write(`{"event":"client-e","channel":"`+channel+`","data":{"a": 1}}`, `{"event":"client-e","channel":"private-other","data":"refused"}`)
		for i := range want {
			want[i].SocketID = sender.id
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reported of %s (-want +got):\n%s", channel, diff)
		}
	}
	hooks := []apps.Webhook{{URL: "http://127.0.0.1/"}}
	f("private-x", hooks, ClientEvent{App: "3", Channel: "private-x", Event: "client-e", Data: `{"a":1}`})
	f("presence-x", hooks, ClientEvent{App: "3", Channel: "presence-x", Event: "client-e", Data: `{"a":1}`, UserID: "s"})
	f("private-x", nil)
}
