package config

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels/apps"
	"fanfare/channels/webhooks"
)

func TestWebhooksFromEnv(t *testing.T) {
	f := func(text string, want ...Webhook) {
		t.Helper()
		l, err := Load(Sources{File: "testdata/webhooks.good.toml", Env: []string{"FANFARE_APP_ID=1", "FANFARE_APP_WEBHOOKS=" + text}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, l.Apps[0].Webhooks); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if got := l.origin("apps[0].webhooks[0].url"); got != "FANFARE_APP_WEBHOOKS" {
			t.Errorf("the first webhook comes from %s", got)
		}
	}
	f("https://a.test/hook", Webhook{URL: "https://a.test/hook"})
	f(" https://a.test/?x=1&y=2,3  http://b.test:81 ", Webhook{URL: "https://a.test/?x=1&y=2,3"}, Webhook{URL: "http://b.test:81"})
	f(`[{"url":"https://a.test","events":["member_added"],"channel_prefix":"presence-","headers":{"X-Key":"k"},"private_targets":true},{"url":"https://b.test"}]`,
		Webhook{URL: "https://a.test", Events: []string{"member_added"}, ChannelPrefix: "presence-", Headers: map[string]string{"X-Key": "k"}, PrivateTargets: true},
		Webhook{URL: "https://b.test"})
}

func TestWebhooksFromEnvErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := Load(Sources{Env: []string{"FANFARE_APP_WEBHOOKS=" + text, EnvConfig + "=testdata/empty.txt"}})
		checkErrors(t, err, []string{want})
	}
	const form = `want URLs with spaces between, or a JSON list such as [{"url":"https://example.com/hook","events":["channel_occupied"]}]`
	f(`[{"url":"https://a.test","headers":{"X":"geheim"}`, "FANFARE_APP_WEBHOOKS: "+form)
	f(`{"url":"https://a.test"}`, "FANFARE_APP_WEBHOOKS: "+form)
	f(`[{"url":"https://a.test","event_types":["member_added"]}]`, "FANFARE_APP_WEBHOOKS: unknown key webhooks[0].event_types; the nearest known key is webhooks[0].events")
	f(`[{"url":"https://a.test","headers":{"X":["geheim"]}}]`, `FANFARE_APP_WEBHOOKS: webhooks[0].headers = ********: want a table of texts, such as {Authorization = "Bearer ..."}`)
	f("a.test", `FANFARE_APP_WEBHOOKS: app "app-id": webhooks[0].url is "a.test": write one like "https://example.com/pusher/webhook"`)
}

func TestWebhooksArriveInTheRecord(t *testing.T) {
	l, err := Load(Sources{File: "testdata/webhooks.good.toml"})
	if err != nil {
		t.Fatal(err)
	}
	want := apps.New("1", "one", "s1")
	want.SubscriptionCounts, want.Watchlists, want.TLSOnly, want.AuthorizedConnections = true, false, true, true
	want.AuthorizationTimeout, want.TerminatedReturn, want.WebhookBatching = 10*time.Second, true, true
	want.Limits.EventsPerSecond, want.Limits.ReadsPerSecond, want.Limits.ConnectionsPerUser = 1000, 100, 5
	want.Limits.Watchlist, want.Limits.CachedEventLife = 50, time.Minute
	want.Webhooks = []apps.Webhook{
		{
			URL: "https://example.com/hook", Events: []string{apps.ChannelOccupied, apps.ChannelVacated},
			ChannelPrefix: "private-", ChannelSuffix: "-eu", PrivateTargets: true,
			Headers: map[string]string{"Authorization": "Bearer geheim", "X-Key": "k"},
		},
		{URL: "http://127.0.0.1:8000/hook"},
	}
	want.Former = []apps.FormerSecret{
		{Secret: "s0", Until: time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)},
		{Secret: "s-1", Until: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)},
	}
	if diff := cmp.Diff(want, l.Apps[0].record()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What --print-config and errors show is read by others.
func TestNothingShowsSecrets(t *testing.T) {
	l, err := Load(Sources{File: "testdata/webhooks.good.toml"})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := l.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"geheim", `"s1"`, `"s0"`, `"k"`} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("--print-config shows %s:\n%s", secret, out.String())
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	s := Server{TrustedProxies: []string{"10.1.2.3/8", "192.0.2.7", "::1", "fd00::/8"}}
	got, err := s.TrustedNetworks()
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"),
		netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fd00::/8"),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPrivateHosts(t *testing.T) {
	f := func(host string, want bool) {
		t.Helper()
		if got := isPrivateHost(host); got != want {
			t.Errorf("isPrivateHost(%q) = %v", host, got)
		}
	}
	f("localhost", true)
	f("app.localhost", true)
	f("127.0.0.1", true)
	f("::1", true)
	f("10.1.2.3", true)
	f("192.168.0.1", true)
	f("169.254.169.254", true)
	f("0.0.0.0", true)
	f("fe80::1%eth0", true)
	f("example.com", false)
	f("localhost.example.com", false)
	f("192.0.2.7", false)
	f("2001:db8::1", false)
}

// TestWebhookDefaults holds [webhooks] to the package that it is for.
func TestWebhookDefaults(t *testing.T) {
	l, err := Load(Sources{File: "testdata/empty.txt"})
	if err != nil {
		t.Fatal(err)
	}
	want := Webhooks{
		QueueEvents: webhooks.DefaultQueueEvents,
		QueueBytes:  webhooks.DefaultQueueBytes,
		QueueBudget: webhooks.DefaultTotalBytes,
		Parallel:    webhooks.DefaultParallel,
		Requests:    webhooks.DefaultRequests,
		Timeout:     webhooks.DefaultTimeout,
		RetryFor:    webhooks.DefaultRetryFor,
	}
	if diff := cmp.Diff(want, l.Webhooks); diff != "" {
		t.Errorf("(-package +here):\n%s", diff)
	}
}
