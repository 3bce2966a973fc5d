package webhooks

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"fanfare/channels/apps"
	"fanfare/channels/linger"
)

// What is used where [Config] says nothing.
const (
	DefaultQueueEvents = 300_000 // five minutes of a thousand a second
	DefaultQueueBytes  = 64 << 20
	DefaultTotalBytes  = 256 << 20
	DefaultEndpoints   = 10_000
	DefaultRetryFor    = 5 * time.Minute
	DefaultTimeout     = 10 * time.Second
	DefaultParallel    = 8
	DefaultRequests    = 256
)

// Config is what Hooks are made of. Zero is the default wherever one is named.
type Config struct {
	// Apps finds the records: an app's webhooks, key and secret count as they are
	// at the moment of sending. When it says [apps.Later], the last record that
	// was seen counts. Required.
	Apps apps.Store

	// Log gets a line when an endpoint fails and when it works again, at most one
	// a minute for each, and every 10 s up to 21 for what was dropped. URLs'
	// queries, headers and secrets are never in it. Default: nothing is logged.
	Log *slog.Logger

	// Dir is the folder of the database that makes queues outlive the process. It
	// is made if it is missing; one process at a time can use it. "" keeps queues
	// in memory only.
	Dir string

	// Held has New make the folder, but open no database, and begin nothing before
	// [Hooks.Resume]: it is for a process that takes up what another has, with
	// [Hooks.Import].
	Held bool

	// QueueEvents and QueueBytes bound the queue of one endpoint, and TotalBytes
	// all of them together. An event counts with its JSON and 128 bytes. The
	// handover may hold an eighth of TotalBytes besides. With Dir, disk takes
	// about as much as memory.
	QueueEvents, QueueBytes, TotalBytes int

	// Lingering is how many channels and members may be in their Delay at once,
	// about 200 bytes each; beyond it the oldest are told early. Default
	// [linger.DefaultMax].
	Lingering int

	// Endpoints is how many are remembered when they have nothing to send, for
	// [Hooks.Stats].
	Endpoints int

	// Delay is how long channel_vacated and member_removed are held back. Default
	// [linger.DefaultDelay].
	Delay time.Duration

	// RetryFor is the age from which a failing event is not tried again. Time in
	// which the process did not run does not count.
	RetryFor time.Duration

	// Timeout bounds one request from dialling to the end of the answer.
	Timeout time.Duration

	// Parallel is the number of an endpoint's lanes, and so of its requests at a
	// time, for apps without batching; with batching it is always one, since a
	// request takes up to 100 events. Order per channel holds in any case; 1 makes
	// it hold across an endpoint's channels too.
	Parallel int

	// Requests is how many may be under way together, each of which takes a file
	// descriptor. A quarter of them is for endpoints whose last request failed, a
	// quarter for those whose last took more than 2 s, and the rest for all
	// others, so that what hangs or is slow holds up its like only; at least one
	// for each. Of each part one app gets half when it is alone, and n apps that
	// want all of it an n+1th each, so that there is one for whoever comes next.
	Requests int

	// AllowPrivate lets every webhook connect to loopback, private and other
	// addresses that are not on the public internet.
	AllowPrivate bool

	// Proxy sends all requests through an HTTP proxy. Which addresses may be
	// reached is then the proxy's to decide. Nil connects directly, whatever the
	// environment's variables say.
	Proxy *url.URL
}

func (c *Config) fill() error {
	if c.Apps == nil {
		return errors.New("webhooks: Config.Apps is nil: give a store of apps")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return errors.Join(
		fill("QueueEvents", &c.QueueEvents, DefaultQueueEvents),
		fill("QueueBytes", &c.QueueBytes, DefaultQueueBytes),
		fill("TotalBytes", &c.TotalBytes, DefaultTotalBytes),
		fill("Lingering", &c.Lingering, linger.DefaultMax),
		fill("Endpoints", &c.Endpoints, DefaultEndpoints),
		fill("Delay", &c.Delay, linger.DefaultDelay),
		fill("RetryFor", &c.RetryFor, DefaultRetryFor),
		fill("Timeout", &c.Timeout, DefaultTimeout),
		fill("Parallel", &c.Parallel, DefaultParallel),
		fill("Requests", &c.Requests, DefaultRequests),
	)
}

func fill[T int | time.Duration](field string, v *T, standard T) error {
	switch {
	case *v < 0:
		return fmt.Errorf("webhooks: Config.%s is %v: use a positive value, or 0 for %v", field, *v, standard)
	case *v == 0:
		*v = standard
	}
	return nil
}
