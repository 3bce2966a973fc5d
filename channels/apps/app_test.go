package apps

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultIsValidAndKnownAsDefault(t *testing.T) {
	a := Default()
	if err := a.Validate(); err != nil {
		t.Error(err)
	}
	if !a.IsDefault() {
		t.Error("IsDefault is false")
	}
	if !New("other", "other", DefaultSecret).IsDefault() {
		t.Error("another name makes a known secret no better")
	}
	if New(DefaultID, DefaultKey, "5d41402abc4b2a76b9719d911017c592").IsDefault() {
		t.Error("with a secret of its own the app is no default")
	}
}

func TestNewFillsDefaults(t *testing.T) {
	want := &App{
		ID: "1", Key: "k", Secret: "s",
		Enabled: true, ClientEvents: true, StrictProtocol: true, SubscriptionErrors: true, Watchlists: true,
		AuthorizationTimeout: 30 * time.Second,
		ActivityTimeout:      30 * time.Second, Slow: Slow{Policy: SlowDisconnect},
		Limits: GenerousLimits(),
	}
	if diff := cmp.Diff(want, New("1", "k", "s")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPresets(t *testing.T) {
	a := New("1", "k", "s")
	if err := a.ApplyPreset("pusher"); err != nil {
		t.Fatal(err)
	}
	if a.ActivityTimeout != 120*time.Second || a.Limits != PusherLimits() {
		t.Errorf("pusher: %v, %+v", a.ActivityTimeout, a.Limits)
	}
	if err := a.Validate(); err != nil {
		t.Error(err)
	}
	if err := a.ApplyPreset("generous"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(New("1", "k", "s"), a); diff != "" {
		t.Errorf("generous (-want +got):\n%s", diff)
	}
	want := `limits is "Pusher": use "generous" or "pusher"`
	if err := a.ApplyPreset("Pusher"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The figures that the hosted service documents.
func TestPusherLimits(t *testing.T) {
	l := PusherLimits()
	f := func(name string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s = %d, want %d", name, got, want)
		}
	}
	f("event data", l.EventData, 10240)
	f("client event data", l.ClientEventData, 10240)
	f("client events per second", l.ClientEventsPerSecond, 10)
	f("channels per publish", l.ChannelsPerPublish, 100)
	f("events per batch", l.EventsPerBatch, 10)
	f("channel name", l.ChannelName, 200)
	f("presence members", l.PresenceMembers, 100)
	f("presence user object", l.PresenceUserInfo, 1024)
	f("presence user id", l.PresenceUserID, 128)
	f("watchlist", l.Watchlist, 100)
	f("cached event life, minutes", int(l.CachedEventLife/time.Minute), 30)
}

func TestValidateRefuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*App)
		want  string
	}{
		{"no id", func(a *App) { a.ID = "" }, `app "": id is empty: give it a name like "app-id"`},
		{"no key", func(a *App) { a.Key = "" }, `app "1": key is empty: give it a name like "app-key"`},
		{"colon in key", func(a *App) { a.Key = "a:b" }, `app "1": key is "a:b": the character at byte 1 has a meaning of its own in URLs or tokens; use letters, digits, '-', '_' and '.'`},
		{"space in key", func(a *App) { a.Key = "ab " }, `app "1": key is "ab ": the character at byte 2 has a meaning of its own in URLs or tokens; use letters, digits, '-', '_' and '.'`},
		{"umlaut in key", func(a *App) { a.Key = "aä" }, `app "1": key is "aä": the character at byte 1 has a meaning of its own in URLs or tokens; use letters, digits, '-', '_' and '.'`},
		{"id that is a path", func(a *App) { a.ID = ".." }, `app "..": id is "..": clients would drop it from the URL; use letters and digits`},
		{"long key", func(a *App) { a.Key = strings.Repeat("k", 256) }, `app "1": key has 256 bytes: at most 255 are allowed`},
		{"no secret", func(a *App) { a.Secret = "" }, `app "1": secret is empty: use at least 20 random letters and digits`},
		{"secret with a newline", func(a *App) { a.Secret = "geheim\n" }, `app "1": secret begins or ends with white space: remove it`},
		{"secret with a tab within", func(a *App) { a.Secret = "geh\teim" }, `app "1": secret holds a control character: use letters and digits`},
		{"long secret", func(a *App) { a.Secret = strings.Repeat("s", 256) }, `app "1": secret has 256 bytes: at most 255 are allowed`},
		{"soketi's no limit", func(a *App) { a.MaxConnections = -1 }, `app "1": max_connections is -1: use 0 for no limit, or a positive number`},
		{"no timeout", func(a *App) { a.ActivityTimeout = 0 }, `app "1": activity_timeout is 0s: use whole seconds from 1s to 1h`},
		{"broken second", func(a *App) { a.ActivityTimeout = 1500 * time.Millisecond }, `app "1": activity_timeout is 1.5s: use whole seconds from 1s to 1h`},
		{"long timeout", func(a *App) { a.ActivityTimeout = 3601 * time.Second }, `app "1": activity_timeout is 1h0m1s: use whole seconds from 1s to 1h`},
		{"origin", func(a *App) { a.AllowedOrigins = []string{"*", "https://a.test/"} }, `app "1": allowed_origins[1] is "https://a.test/": an origin has no path, user or white space; write one like "https://example.com", "https://*.example.com" or "*"`},
		{"zero limit", func(a *App) { a.Limits.EventName = 0 }, `app "1": limits.event_name is 0: use 1 to 1024 characters`},
		{"negative limit", func(a *App) { a.Limits.PresenceMembers = -1 }, `app "1": limits.presence_members is -1: use 0 to 100000000 users (0 = no limit)`},
		{"short cache life", func(a *App) { a.Limits.CachedEventLife = 0 }, `app "1": limits.cached_event_life is 0s: use 1s to 24h`},
		{"unreachable", func(a *App) { a.Limits.MessageSize = 2048; a.Limits.ClientEventData = 2049 }, `app "1": limits.client_event_data is 2049, more than limits.message_size (2048): raise limits.message_size to at least 2049`},
		{"two faults", func(a *App) { a.Key = ""; a.MaxConnections = -5 }, "app \"1\": key is empty: give it a name like \"app-key\"\nmax_connections is -5: use 0 for no limit, or a positive number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := New("1", "k", "s")
			tt.spoil(a)
			err := a.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidateAccepts(t *testing.T) {
	f := func(change func(*App)) {
		t.Helper()
		a := New("1", "k", "s")
		change(a)
		if err := a.Validate(); err != nil {
			t.Error(err)
		}
	}
	f(func(a *App) { a.ID, a.Key = "a_b-c.D~9", "k+y=@,;" })
	f(func(a *App) { a.Secret = "with space and ümläut" })
	f(func(a *App) { a.ActivityTimeout = time.Second })
	f(func(a *App) { a.ActivityTimeout = time.Hour })
	f(func(a *App) { a.Limits = PusherLimits() })
	f(func(a *App) { a.Limits.ChannelName = 164 })
	f(func(a *App) {
		a.Limits.ClientEventsPerSecond, a.Limits.PresenceMembers, a.Limits.ChannelsPerConnection = 0, 0, 0
	})
}

// A limit that somebody adds must be checked, under the name that it has in a
// configuration.
func TestEveryLimitIsChecked(t *testing.T) {
	fields := reflect.TypeFor[Limits]()
	for i := range fields.NumField() {
		l := GenerousLimits()
		reflect.ValueOf(&l).Elem().Field(i).SetInt(-1)
		err := l.Validate()
		if name := "limits." + fields.Field(i).Tag.Get("toml") + " is -1"; err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s = -1: %v", fields.Field(i).Name, err)
		}
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	a := New("1", "k", "s3cr3t\n")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("app", "app", a)
	for _, text := range []string{
		fmt.Sprint(a), fmt.Sprintf("%+v %#v %s %q", a, a, a, a), log.String(), a.Validate().Error(),
	} {
		if strings.Contains(text, "s3cr3t") {
			t.Error(text)
		}
	}
	if !strings.Contains(log.String(), `"app":{"id":"1","key":"k"}`) {
		t.Error(log.String())
	}
}
