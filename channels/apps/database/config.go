package database

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"fanfare/channels/apps"
)

// Config says where the table is and how it is kept. What is zero gets its
// default.
type Config struct {
	// Driver is "postgres" or "mysql" (also for MariaDB). "" takes it from the
	// URL's scheme.
	Driver string
	// URL is postgres://USER:PASSWORD@HOST:5432/DATABASE with libpq's parameters
	// behind a question mark, or mysql://USER:PASSWORD@HOST:3306/DATABASE with
	// those of go-sql-driver/mysql. With a Driver it may also be what that driver
	// calls a DSN. A Unix socket is host=/FOLDER for postgres and socket=/FILE for
	// mysql. It is never logged and never part of an error.
	URL string
	// Table is the table's name, if need be with its schema: "apps" or
	// "soketi.apps". Default "apps".
	Table string

	// Pool is how many connections may be open at once. Default 4.
	Pool int
	// QueryTimeout is for one query, with connecting. Default 3 s: whoever waits
	// for an app should have more patience.
	QueryTimeout time.Duration

	// TTL is how old a record may get while the database answers. Default 60 s,
	// at least 1 s.
	TTL time.Duration
	// UnknownTTL is for how long a name that nobody has is refused without asking
	// again, and so how long a new app may have to wait whose clients came too
	// early. It is for rows that can't be right as well. Default 10 s, at least
	// 1 s.
	UnknownTTL time.Duration
	// StaleLimit is for how long a record is served that the database could not
	// confirm. Default 24 h; negative = for ever.
	StaleLimit time.Duration

	// MaxApps bounds the records in memory, about 1 KB each, of apps that are not in
	// use: one that was not asked for lately makes room for another. Apps in use
	// come on top. Default 10,000.
	MaxApps int
	// InUse tells whether somebody has to be told when the app with this id changes
	// or goes, so that it must not be forgotten: whether it has connections, say. It
	// is called with a lock held, for many apps in a row, by any goroutine: it must
	// not wait, nor call the store. nil: no app is.
	InUse func(id string) bool
	// MaxUnknown bounds the names in memory that nobody has, for keys and ids each,
	// about 400 B a name. Default 10,000.
	MaxUnknown int

	// SecretOverlap is for how long a secret verifies after it was changed.
	// 0 = not a moment.
	SecretOverlap time.Duration

	// Former are records of another process, by their apps' ids, of which only key
	// and secrets count: those verify for SecretOverlap longer, from when the app is
	// first looked up. The Store owns the map, and empties it.
	Former map[string]*apps.App

	// New makes the record that a row's values are written into, so it decides
	// what holds for columns that are missing or NULL. Default [Defaults].
	New func(id, key, secret string) *apps.App

	// Refuse says why a record that is valid is not to be served all the same; nil
	// error: it is. The row then counts as one that can't be right. nil: none.
	Refuse func(app *apps.App) error

	// Log gets one line per event in the life of the store, none per look-up.
	// Default slog.Default().
	Log *slog.Logger
}

// The defaults of Config's fields.
const (
	defaultTable        = "apps"
	defaultPool         = 4
	defaultQueryTimeout = 3 * time.Second
	defaultTTL          = time.Minute
	defaultUnknownTTL   = 10 * time.Second
	defaultStaleLimit   = 24 * time.Hour
	defaultMaxApps      = 10_000
	defaultMaxUnknown   = 10_000
)

// Defaults returns what soketi has for an app whose optional columns are all
// NULL: no client events, no limits of rates. Sizes and names have the bounds of
// [apps.GenerousLimits], which are soketi's or more.
func Defaults(id, key, secret string) *apps.App {
	a := apps.New(id, key, secret)
	a.ClientEvents = false
	a.Limits.ClientEventsPerSecond = 0
	return a
}

func (c Config) withDefaults() Config {
	c.Driver = cmp.Or(c.Driver, schemeDriver(c.URL))
	c.Table = cmp.Or(c.Table, defaultTable)
	c.Pool = cmp.Or(c.Pool, defaultPool)
	c.QueryTimeout = cmp.Or(c.QueryTimeout, defaultQueryTimeout)
	c.TTL = cmp.Or(c.TTL, defaultTTL)
	c.UnknownTTL = cmp.Or(c.UnknownTTL, defaultUnknownTTL)
	c.StaleLimit = cmp.Or(c.StaleLimit, defaultStaleLimit)
	c.MaxApps = cmp.Or(c.MaxApps, defaultMaxApps)
	c.MaxUnknown = cmp.Or(c.MaxUnknown, defaultMaxUnknown)
	c.Log = cmp.Or(c.Log, slog.Default())
	if c.New == nil {
		c.New = Defaults
	}
	if c.InUse == nil {
		c.InUse = func(string) bool { return false }
	}
	return c
}

// Validate reports all that [Open] would refuse, joined, each line with the name
// of the field that it is about. It connects nowhere.
func (c Config) Validate() error {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return err
	}
	_, _, err := dialects[c.Driver].connector(&c)
	return err
}

func (c *Config) validate() error {
	return errors.Join(
		checkDriver(c.Driver),
		checkTable(c.Table),
		atLeast("pool", c.Pool, 1),
		atLeast("query_timeout", c.QueryTimeout, time.Millisecond),
		atLeast("ttl", c.TTL, time.Second),
		atLeast("unknown_ttl", c.UnknownTTL, time.Second),
		atLeast("max_apps", c.MaxApps, 1),
		atLeast("max_unknown", c.MaxUnknown, 2),
		atLeast("secret_overlap", c.SecretOverlap, 0),
		c.checkNew(),
	)
}

// checkNew sees to it that a record which is not valid is so because of its row.
func (c *Config) checkNew() error {
	if err := sample(c.New).Validate(); err != nil {
		return fmt.Errorf("the defaults for apps are not valid: %w", errors.Unwrap(err))
	}
	return nil
}

func atLeast[T cmp.Ordered](name string, value, least T) error {
	if value >= least {
		return nil
	}
	return fmt.Errorf("%s is %v: use at least %v", name, value, least)
}

func checkDriver(name string) error {
	if name == driverPostgres || name == driverMySQL {
		return nil
	}
	if name == "" {
		return fmt.Errorf("driver is not set, and url has no scheme that tells it: begin url with postgres:// or mysql://, or set driver to %q or %q", driverPostgres, driverMySQL)
	}
	return fmt.Errorf("driver is %q: use %q or %q", name, driverPostgres, driverMySQL)
}

// identifier is what both databases take, quoted or not. PostgreSQL cuts longer
// names off silently.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]{0,62}$`)

func checkTable(name string) error {
	parts := strings.Split(name, ".")
	for _, part := range parts {
		if len(parts) > 2 || !identifier.MatchString(part) {
			return fmt.Errorf("table is %q: use letters, digits and _, at most 63, if need be behind a schema's name and a dot", name)
		}
	}
	return nil
}

// String tells where the table is without the URL, so that a careless %v leaks
// no password.
func (c Config) String() string { return "table " + c.Table + " (" + c.Driver + ")" }

// GoString does the same for %#v.
func (c Config) GoString() string { return "database.Config{" + c.String() + "}" }

// LogValue does the same for log/slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
