package apps

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// The app that is served when nothing is configured. Everybody knows these
// words, so they protect nothing: see [App.IsDefault].
const (
	DefaultID     = "app-id"
	DefaultKey    = "app-key"
	DefaultSecret = "app-secret"
)

// DefaultActivityTimeout keeps a quiet page alive behind a proxy that cuts
// after 60 s, which is nginx's default.
const DefaultActivityTimeout = 30 * time.Second

// DefaultAuthorizationTimeout is soketi's.
const DefaultAuthorizationTimeout = 30 * time.Second

// MaxCredential is the most bytes that an id, a key or a secret may have.
const MaxCredential = 255

// App is one application's record. It is immutable once handed out: a change
// makes a new App. The zero App is not usable; start from [New].
type App struct {
	// ID names the app in the path of the HTTP API, and in logs and metrics.
	ID string
	// Key names the app to clients. It is public.
	Key string
	// Secret signs. It is never logged and never part of an error text.
	Secret string
	// Former are secrets that verify for a while longer, so that a secret can be
	// changed without an outage: at most [MaxFormer]. Nothing is signed with them.
	Former []FormerSecret

	// Enabled is the main switch; a disabled app refuses connections and
	// publishes, but is known.
	Enabled bool
	// ClientEvents allows clients to send events of their own on private and
	// presence channels. Default true.
	ClientEvents bool
	// StrictProtocol refuses a client that names no protocol version, as the
	// Pusher documents demand. When false such a client is served as one of the
	// current version. Default true.
	StrictProtocol bool
	// SubscriptionErrors tells a client on the channel itself, besides the
	// connection-wide error, that a subscription was refused. Default true.
	SubscriptionErrors bool

	// SubscriptionCounts tells the subscribers of a channel how many they are,
	// on all but presence channels. Default false.
	SubscriptionCounts bool
	// Watchlists tells signed-in users when those on their list come and go.
	// Default true.
	Watchlists bool
	// TLSOnly refuses clients that did not come by TLS, be it to us or to a
	// trusted proxy. Default false.
	TLSOnly bool
	// AuthorizedConnections closes a connection that has neither signed in nor
	// subscribed to a private or presence channel within AuthorizationTimeout.
	// Until then it does not count for MaxConnections. Default false.
	AuthorizedConnections bool
	// AuthorizationTimeout is for AuthorizedConnections: whole seconds, 1 s to
	// 1 h, default [DefaultAuthorizationTimeout].
	AuthorizationTimeout time.Duration
	// TerminatedReturn has users whose connections the application terminates
	// come back at once (4200), to be asked for their sign-in again. When false
	// they stay away (4009). Default false.
	TerminatedReturn bool

	// Webhooks are told what happens on the app's channels, each on its own: at
	// most [MaxWebhooks].
	Webhooks []Webhook
	// WebhookBatching lets one webhook request carry several events. Default
	// false: one event each.
	WebhookBatching bool

	// MaxConnections is how many connections may be open at once; 0 = no limit.
	MaxConnections int
	// ActivityTimeout is the silence after which either side asks whether the
	// other is still there: whole seconds, 1 s to 1 h, default
	// [DefaultActivityTimeout].
	ActivityTimeout time.Duration
	// AllowedOrigins lists the pages that may connect; empty = any. The patterns
	// are described at [App.OriginAllowed].
	AllowedOrigins []string

	// Slow is for channels that no pattern of SlowChannels matches; of those the
	// first that does counts.
	Slow         Slow
	SlowChannels []SlowChannels

	// Limits bounds names, sizes, counts and rates. Default [GenerousLimits].
	Limits Limits
}

// New returns an enabled app with every default filled in. It is the caller's
// to change until it goes into a store; nothing is checked before [App.Validate].
func New(id, key, secret string) *App {
	return &App{
		ID: id, Key: key, Secret: secret,
		Enabled:              true,
		ClientEvents:         true,
		StrictProtocol:       true,
		SubscriptionErrors:   true,
		Watchlists:           true,
		AuthorizationTimeout: DefaultAuthorizationTimeout,
		ActivityTimeout:      DefaultActivityTimeout,
		Slow:                 Slow{Policy: SlowDisconnect},
		Limits:               GenerousLimits(),
	}
}

// Default returns the app that is served when nothing is configured.
func Default() *App {
	return New(DefaultID, DefaultKey, DefaultSecret)
}

// IsDefault reports whether the app's secret is the one that everybody knows.
// Id and key do not matter: they are public anyway. Such an app must not be
// reachable from other machines.
func (a *App) IsDefault() bool {
	return a.Secret == DefaultSecret
}

// String names the app without its secret, so that a careless %v leaks nothing.
func (a *App) String() string {
	return "app " + a.ID
}

// GoString does the same for %#v.
func (a *App) GoString() string {
	return fmt.Sprintf("&apps.App{ID:%q, Key:%q}", a.ID, a.Key)
}

// LogValue does the same for log/slog.
func (a *App) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", a.ID), slog.String("key", a.Key))
}

// Validate reports everything that is wrong with the record, joined, one line
// each. A line names the field, its value (never a secret) and what is right.
func (a *App) Validate() error {
	err := errors.Join(
		checkPublic("id", a.ID),
		checkPublic("key", a.Key),
		checkSecret(a.Secret),
		checkMaxConnections(a.MaxConnections),
		checkSeconds("activity_timeout", a.ActivityTimeout),
		checkSeconds("authorization_timeout", a.AuthorizationTimeout),
		a.checkFormer(),
		a.checkWebhooks(),
		checkOrigins(a.AllowedOrigins),
		a.checkSlow(),
		a.Limits.Validate(),
	)
	if err != nil {
		return fmt.Errorf("app %q: %w", a.ID, err)
	}
	return nil
}

// checkPublic checks an id or a key. Both travel as one path segment that
// clients do not escape, and the key is cut off a token at its colon.
func checkPublic(field, value string) error {
	switch {
	case value == "":
		return fmt.Errorf("%s is empty: give it a name like %q", field, "app-"+field)
	case len(value) > MaxCredential:
		return fmt.Errorf("%s has %d bytes: at most %d are allowed", field, len(value), MaxCredential)
	case value == "." || value == "..":
		return fmt.Errorf("%s is %q: clients would drop it from the URL; use letters and digits", field, value)
	}
	if i := strings.IndexFunc(value, notPublic); i >= 0 {
		return fmt.Errorf("%s is %q: the character at byte %d has a meaning of its own in URLs or tokens; use letters, digits, '-', '_' and '.'", field, value, i)
	}
	return nil
}

func notPublic(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`:/?#%&\"`, r)
}

// checkSecret refuses what is most often a slip of copy and paste: it would
// make every signature wrong, and no error text could show why.
func checkSecret(secret string) error {
	switch {
	case secret == "":
		return errors.New("secret is empty: use at least 20 random letters and digits")
	case len(secret) > MaxCredential:
		return fmt.Errorf("secret has %d bytes: at most %d are allowed", len(secret), MaxCredential)
	case strings.TrimSpace(secret) != secret:
		return errors.New("secret begins or ends with white space: remove it")
	case strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("secret holds a control character: use letters and digits")
	}
	return nil
}

func checkMaxConnections(n int) error {
	if n < 0 {
		return fmt.Errorf("max_connections is %d: use 0 for no limit, or a positive number", n)
	}
	return nil
}

func checkSeconds(field string, d time.Duration) error {
	if d < time.Second || d > time.Hour || d%time.Second != 0 {
		return fmt.Errorf("%s is %v: use whole seconds from 1s to 1h", field, d)
	}
	return nil
}

// clone returns a copy that shares nothing with a.
func (a *App) clone() *App {
	c := *a
	c.AllowedOrigins = slices.Clone(a.AllowedOrigins)
	c.SlowChannels = slices.Clone(a.SlowChannels)
	c.Former = slices.Clone(a.Former)
	c.Webhooks = cloneWebhooks(a.Webhooks)
	return &c
}
