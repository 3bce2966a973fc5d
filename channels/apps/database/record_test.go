package database

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"fanfare/channels/apps"

	"github.com/google/go-cmp/cmp"
)

func TestRecord(t *testing.T) {
	f := func(values row, change func(a *apps.App)) {
		t.Helper()
		r := named("x")
		maps.Copy(r, values)
		got, _, err := r.record(Defaults)
		if err != nil {
			t.Error(err)
			return
		}
		want := Defaults("x", "key-x", "secret-x")
		change(want)
		equal(t, want, got)
	}
	f(nil, func(*apps.App) {})

	// Switches, as every kind of column gives them.
	for _, on := range []string{"1", "t", "true", "TRUE", "True", "\x01"} {
		f(row{"enable_client_messages": on}, func(a *apps.App) { a.ClientEvents = true })
	}
	for _, off := range []string{"0", "f", "false", "FALSE", "\x00"} {
		f(row{"enabled": off}, func(a *apps.App) { a.Enabled = false })
	}
	f(row{"enable_user_authentication": "1"}, func(a *apps.App) { a.AuthorizedConnections = true })
	f(row{"enable_watchlist_events": "0"}, func(a *apps.App) { a.Watchlists = false })
	f(row{"subscription_counts": "1", "tls_only": "1", "webhook_batching": "1"}, func(a *apps.App) {
		a.SubscriptionCounts, a.TLSOnly, a.WebhookBatching = true, true, true
	})

	// -1 is no limit, and so is 0 where soketi or sockudo have it so.
	f(row{"max_connections": "-1"}, func(*apps.App) {})
	f(row{"max_connections": "0"}, func(*apps.App) {})
	f(row{"max_connections": "200"}, func(a *apps.App) { a.MaxConnections = 200 })
	f(row{"max_connections": "200.00"}, func(a *apps.App) { a.MaxConnections = 200 }) // a decimal column
	f(row{"max_client_events_per_sec": "-1"}, func(*apps.App) {})
	f(row{"max_client_events_per_second": "0"}, func(*apps.App) {})
	f(row{"max_backend_events_per_sec": "1", "max_client_events_per_sec": "2", "max_read_req_per_sec": "3"}, func(a *apps.App) {
		a.Limits.EventsPerSecond, a.Limits.ClientEventsPerSecond, a.Limits.ReadsPerSecond = 1, 2, 3
	})
	f(row{"connections_per_user": "4", "channels_per_connection": "-1", "activity_timeout": "90"}, func(a *apps.App) {
		a.Limits.ConnectionsPerUser, a.Limits.ChannelsPerConnection, a.ActivityTimeout = 4, 0, 90*time.Second
	})

	// Sizes make room around them.
	f(row{"max_presence_member_size_in_kb": "0.5"}, func(a *apps.App) { a.Limits.PresenceUserInfo = 512 })
	f(row{"max_event_payload_in_kb": "10"}, func(a *apps.App) { a.Limits.EventData, a.Limits.ClientEventData = 10<<10, 10<<10 })
	f(row{"max_event_payload_in_kb": "1024"}, func(a *apps.App) {
		a.Limits.EventData, a.Limits.ClientEventData = 1<<20, 1<<20
		a.Limits.MessageSize, a.Limits.RequestSize = 5<<19, 40<<20
	})
	f(row{"max_event_payload_in_kb": "65536", "max_event_batch_size": "1000"}, func(a *apps.App) {
		a.Limits.EventData, a.Limits.ClientEventData, a.Limits.EventsPerBatch = 64<<20, 64<<20, 1000
		a.Limits.MessageSize, a.Limits.RequestSize = 64<<20, 64<<20
	})

	for _, list := range []string{`["https://a.example", "b.example"]`, "https://a.example,b.example", " https://a.example , b.example,", "{https://a.example,b.example}"} {
		f(row{"allowed_origins": list}, func(a *apps.App) { a.AllowedOrigins = []string{"https://a.example", "b.example"} })
	}
	for _, none := range []string{"[]", "{}", "null", " ", ","} {
		f(row{"allowed_origins": none}, func(*apps.App) {})
	}
}

// TestRecordDefaults: a caller's own defaults hold where the row says nothing.
func TestRecordDefaults(t *testing.T) {
	pusher := func(id, key, secret string) *apps.App {
		a := apps.New(id, key, secret)
		if err := a.ApplyPreset(apps.PresetPusher); err != nil {
			t.Fatal(err)
		}
		return a
	}
	got, _, err := named("x").with("max_channel_name_length", "100").record(pusher)
	if err != nil {
		t.Fatal(err)
	}
	want := pusher("x", "key-x", "secret-x")
	want.Limits.ChannelName = 100
	equal(t, want, got)
}

func TestRecordRefused(t *testing.T) {
	f := func(column, value, want string) {
		t.Helper()
		r := named("x").with(column, value)
		if value == "" {
			delete(r, column)
		}
		app, _, err := r.record(Defaults)
		if err == nil || app != nil {
			t.Errorf("%s = %q was accepted", column, value)
			return
		}
		if !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "app ") {
			t.Errorf("%s = %q:\n got %v\nwant %s", column, value, err, want)
		}
	}
	f("id", "", "column id is NULL or empty")
	f("key", "", "column key is NULL or empty")
	f("secret", "", "column secret is NULL or empty")
	f("id", "a/b", `column id is "a/b": id is "a/b"`)
	f("secret", " spaced ", "column secret: secret begins or ends with white space")

	f("enabled", "yes", `app "x": column enabled is "yes": use 1 or 0, or true or false`)
	f("enabled", "2", "use 1 or 0")
	f("max_connections", "12.5", `column max_connections is "12.5": use a whole number, or -1 for no limit`)
	f("max_connections", "-2", "or -1 for no limit")
	f("max_connections", "NaN", "or -1 for no limit")
	f("max_connections", "Inf", "or -1 for no limit")
	f("max_connections", "1e300", "or -1 for no limit")
	f("max_connections", "100abc", "or -1 for no limit")
	f("max_client_events_per_sec", "0", `column max_client_events_per_sec is "0": use a whole number above 0, or -1 for no limit`)
	f("max_backend_events_per_sec", "999999999", `column max_backend_events_per_sec is "999999999": limits.events_per_second is 999999999: use 0 to 100000000`)
	f("max_presence_members_per_channel", "-1", "use a whole number above 0, or NULL for the default")
	f("max_channel_name_length", "5000", `column max_channel_name_length is "5000": limits.channel_name is 5000: use 1 to 1024 characters`)
	f("max_event_payload_in_kb", "0", "use a number of KiB above 0")
	f("max_event_payload_in_kb", "70000", `column max_event_payload_in_kb is "70000": limits.event_data`)
	f("activity_timeout", "7200", `column activity_timeout is "7200": activity_timeout is 2h0m0s: use whole seconds from 1s to 1h`)
	f("activity_timeout", "1.5", "use whole seconds")
	f("allowed_origins", `["https://a`, "use a JSON array of strings")
	f("allowed_origins", `[1]`, "use a JSON array of strings")
	f("allowed_origins", "https://a.example/path", `column allowed_origins is "https://a.example/path":`)
	f("enabled", strings.Repeat("y", 1000), `... (1000 bytes)`)
	f("webhooks", "{}", "column webhooks: use a JSON array of objects")
	f("webhooks", `[{"url": "ftp://example.com"}]`, "column webhooks: webhooks[0].url")
	f("webhooks", `[{"url": "https://example.com", "event_types": ["other"]}]`, `column webhooks: webhooks[0].events has "other"`)
	f("webhooks", `[{"url": 1}]`, "webhooks[].url is of the wrong type")
}

func TestRecordSeveral(t *testing.T) {
	_, _, err := named("x").with("enabled", "no").with("max_connections", "many").record(Defaults)
	if err == nil || !strings.Contains(err.Error(), "enabled") || !strings.Contains(err.Error(), "max_connections") {
		t.Errorf("not both: %v", err)
	}
}

// TestRecordNobodysFault: no column alone is to blame.
func TestRecordNobodysFault(t *testing.T) {
	moody := func(id, key, secret string) *apps.App {
		a := apps.New(id, key, secret)
		if id == "x" {
			a.Limits.Watchlist = 0
		}
		return a
	}
	if _, _, err := named("x").record(moody); err == nil || !strings.Contains(err.Error(), `app "x": limits.watchlist is 0`) {
		t.Errorf("error %v", err)
	}
}

func TestRecordLeaksNothing(t *testing.T) {
	const secret = "hush-hush"
	for _, r := range []row{
		named("x").with("secret", " "+secret),
		named("x").with("secret", strings.Repeat(secret, 100)),
		named("x").with("secret", secret).with("enabled", "no"),
		named("x").with("webhooks", `[{"url": "https://u:`+secret+`@example.com"}]`),
		named("x").with("webhooks", `[{"url": "https://example.com", "headers": {"Authorization": "`+secret+`\u0001"}}]`),
		named("x").with("webhooks", `[{"headers": {"Authorization": "`+secret+`"`),
		named("x").with("webhooks", `[{"headers": "`+secret+`"}]`),
		named("x").with("webhooks", `"`+secret+`"`),
	} {
		if _, _, err := r.record(Defaults); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("error %v", err)
		}
	}
}

func TestWebhooks(t *testing.T) {
	f := func(column string, want []apps.Webhook, left ...string) {
		t.Helper()
		app, got, err := named("x").with("webhooks", column).record(Defaults)
		if err != nil {
			t.Errorf("%s: %v", column, err)
			return
		}
		if diff := cmp.Diff(want, app.Webhooks); diff != "" {
			t.Errorf("%s (-want +got):\n%s", column, diff)
		}
		if len(got) != len(left) {
			t.Errorf("%s: left out %q", column, got)
			return
		}
		for i := range left {
			if !strings.Contains(got[i], left[i]) {
				t.Errorf("%s: left out %q, want %q", column, got[i], left[i])
			}
		}
	}
	const url = `"url": "https://example.com/hook"`
	f("[]", nil)
	f("null", nil)
	f(`[{`+url+`}]`, []apps.Webhook{{URL: "https://example.com/hook"}})
	f(`[{`+url+`, "event_types": null, "headers": null, "filter": null, "lambda": {}}]`, []apps.Webhook{{URL: "https://example.com/hook"}})
	f(`[{`+url+`, "event_types": ["client_event", "cache_miss"]}, {"url": "http://b.example"}]`, []apps.Webhook{
		{URL: "https://example.com/hook", Events: []string{"client_event", "cache_miss"}}, {URL: "http://b.example"},
	})
	f(`[{`+url+`, "event_types": []}]`, nil, "webhooks[0].event_types is empty")
	f(`[{"lambda_function": "f", "event_types": ["client_event"], "lambda": {"async": true}}, {`+url+`}]`,
		[]apps.Webhook{{URL: "https://example.com/hook"}}, "webhooks[0] calls a Lambda function")
	f(`[{`+url+`, "lambda_function": "f"}]`, []apps.Webhook{{URL: "https://example.com/hook"}}) // soketi prefers the url
	f(`[{`+url+`, "headers": {"content-type": "application/json", "X-A": "b"}}]`,
		[]apps.Webhook{{URL: "https://example.com/hook", Headers: map[string]string{"X-A": "b"}}}, "headers has content-type")
}

func TestColumnNamed(t *testing.T) {
	f := func(spelling, want string) {
		t.Helper()
		if got := columnNamed(spelling); got != want {
			t.Errorf("%s: got %q, want %q", spelling, got, want)
		}
	}
	for i := range columns {
		f(columns[i].name, columns[i].name)
	}
	for _, spelling := range []string{"max_connections", "maxConnections", "MaxConnections", "capacity"} {
		f(spelling, "max_connections")
	}
	f("maxReadRequestsPerSecond", "max_read_req_per_sec")
	f("MaxClientEventsPerSecond", "max_client_events_per_sec")
	f("max_client_events_per_second", "max_client_events_per_second")
	f("enableUserAuthentication", "enable_user_authentication")
	f("Key", "key")
	f("name", "")
	f("", "")
}

func TestLayout(t *testing.T) {
	table := newTable(nil, &mySQL, "soketi.apps", nil)
	if table.from != "`soketi`.`apps`" {
		t.Errorf("from %s", table.from)
	}
	l, err := table.layoutOf([]string{"Key", "id", "secret", "created_at", "maxConnections", "max_connections", "od`d"})
	if err != nil {
		t.Fatal(err)
	}
	if l.list != "`id`, `Key`, `max_connections`, `secret`" {
		t.Errorf("list %s", l.list)
	}
	if diff := cmp.Diff([]string{"created_at", "maxConnections", "od`d"}, l.ignored); diff != "" {
		t.Error(diff)
	}
	if _, err := table.layoutOf([]string{"id", "key"}); err == nil || !strings.Contains(err.Error(), `no column "secret"`) {
		t.Errorf("error %v", err)
	}
	if got := newTable(nil, &postgres, "apps", nil).quoted(`a"b`); got != `"a""b"` {
		t.Errorf("quoted %s", got)
	}
}

// FuzzRecord: whatever a row holds, the record is valid or refused.
func FuzzRecord(f *testing.F) {
	for i := range columns {
		f.Add(i, "-1", i+1, "true")
	}
	f.Add(13, `[{"url": "https://example.com", "event_types": ["client_event"], "headers": {"a": "b"}}]`, 20, `["https://a.example"]`)
	f.Fuzz(func(t *testing.T, i int, one string, j int, other string) {
		at := func(n int) string { return columns[uint(n)%uint(len(columns))].name }
		r := named("x").with(at(i), one).with(at(j), other)
		app, _, err := r.record(Defaults)
		if (app == nil) == (err == nil) {
			t.Fatalf("app %v, error %v", app, err)
		}
		if app != nil && app.Validate() != nil {
			t.Errorf("not valid: %v", app.Validate())
		}
		if errors.Is(err, apps.ErrUnknown) {
			t.Errorf("error %v", err)
		}
	})
}
