package apps

import (
	"strings"
	"testing"
)

func TestWebhookWants(t *testing.T) {
	f := func(w Webhook, event, channel string, want bool) {
		t.Helper()
		if got := w.Wants(event, channel); got != want {
			t.Errorf("%+v wants %s on %s: %v", w, event, channel, got)
		}
	}
	f(Webhook{}, CacheMiss, "x", true)
	some := Webhook{Events: []string{MemberAdded, MemberRemoved}, ChannelPrefix: "presence-", ChannelSuffix: "-eu"}
	f(some, MemberRemoved, "presence-room-eu", true)
	f(some, CacheMiss, "presence-room-eu", false)
	f(some, MemberAdded, "private-room-eu", false)
	f(some, MemberAdded, "presence-room-us", false)
}

func TestValidateWebhooks(t *testing.T) {
	f := func(w Webhook, want string) {
		t.Helper()
		a := New("1", "k", "s")
		a.Webhooks = []Webhook{{URL: "https://fine.test"}, w}
		err := a.Validate()
		if want == "" && err == nil {
			return
		}
		if err == nil || err.Error() != `app "1": webhooks[1].`+want {
			t.Errorf("%v, want %s", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("a secret is in %v", err)
		}
	}
	f(Webhook{URL: "http://[::1]:8000/hook?x=1", Events: WebhookEvents, Headers: map[string]string{"Authorization": "Bearer x"}}, "")
	const right = `: write one like "https://example.com/pusher/webhook"`
	f(Webhook{}, `url is ""`+right)
	f(Webhook{URL: "a.test/hook"}, `url is "a.test/hook"`+right)
	f(Webhook{URL: "https:///hook"}, `url is "https:///hook"`+right)
	f(Webhook{URL: "https://user:geheim@a.test/%zz"}, `url is not a URL`+right)
	f(Webhook{URL: "a.test/hook?token=geheim#geheim"}, `url is "a.test/hook"`+right)
	f(Webhook{URL: "https://user:geheim@a.test"}, `url is "https://user:xxxxx@a.test": put the credentials into a header`)
	f(Webhook{URL: "https://a.test", Events: []string{"Cache_miss"}}, `events has "Cache_miss": use `+strings.Join(WebhookEvents, ", "))
	f(Webhook{URL: "https://a.test", Headers: map[string]string{"a b": "geheim"}}, `headers has the name "a b": use letters, digits and '-'`)
	f(Webhook{URL: "https://a.test", Headers: map[string]string{"x-pusher-key": "geheim"}}, `headers has "x-pusher-key", which is set by the server: leave it out`)
	f(Webhook{URL: "https://a.test", Headers: map[string]string{"X": "geheim\r\nY: z"}}, `headers.X holds a control character: remove it`)

	a := New("1", "k", "s")
	a.Webhooks = make([]Webhook, MaxWebhooks+1)
	if err := a.Validate(); err == nil || err.Error() != `app "1": webhooks has 33 entries: at most 32 are allowed` {
		t.Errorf("too many: %v", err)
	}
}
