package apps

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// MaxWebhooks is the most webhooks that an app may have.
const MaxWebhooks = 32

// The events that a webhook can be told, as Pusher names them.
const (
	ChannelOccupied   = "channel_occupied"
	ChannelVacated    = "channel_vacated"
	MemberAdded       = "member_added"
	MemberRemoved     = "member_removed"
	ClientEvent       = "client_event"
	CacheMiss         = "cache_miss"
	SubscriptionCount = "subscription_count"
)

// WebhookEvents are all of them.
var WebhookEvents = []string{
	ChannelOccupied, ChannelVacated, MemberAdded, MemberRemoved, ClientEvent, CacheMiss, SubscriptionCount,
}

// Webhook is an address that is told what happens on an app's channels.
type Webhook struct {
	// URL is posted to: http or https, without a user.
	URL string
	// Events are those that it is told; empty = all of [WebhookEvents].
	Events []string
	// ChannelPrefix and ChannelSuffix leave out the channels whose name does not
	// begin or end so; empty = all.
	ChannelPrefix, ChannelSuffix string
	// Headers go with every request besides those of the protocol. Their values
	// may be secrets: they are never logged.
	Headers map[string]string
	// PrivateTargets allows addresses that are not on the public internet.
	PrivateTargets bool
}

// Wants tells whether the webhook is told of such an event on the channel.
func (w *Webhook) Wants(event, channel string) bool {
	return (len(w.Events) == 0 || slices.Contains(w.Events, event)) &&
		strings.HasPrefix(channel, w.ChannelPrefix) && strings.HasSuffix(channel, w.ChannelSuffix)
}

func (a *App) checkWebhooks() error {
	if n := len(a.Webhooks); n > MaxWebhooks {
		return fmt.Errorf("webhooks has %d entries: at most %d are allowed", n, MaxWebhooks)
	}
	var errs []error
	for i := range a.Webhooks {
		if err := a.Webhooks[i].validate(); err != nil {
			errs = append(errs, fmt.Errorf("webhooks[%d].%w", i, err))
		}
	}
	return errors.Join(errs...)
}

func (w *Webhook) validate() error {
	const right = `write one like "https://example.com/pusher/webhook"`
	u, err := url.Parse(w.URL)
	switch {
	case err != nil:
		return fmt.Errorf("url is not a URL: %s", right) // the error would repeat a password
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("url is %q: %s", shown(u), right)
	case u.User != nil:
		return fmt.Errorf("url is %q: put the credentials into a header", shown(u))
	}
	for _, e := range w.Events {
		if !slices.Contains(WebhookEvents, e) {
			return fmt.Errorf("events has %q: use %s", e, strings.Join(WebhookEvents, ", "))
		}
	}
	return w.checkHeaders()
}

// shown is a URL as errors have it: passwords and tokens are left out.
func shown(u *url.URL) string {
	v := *u
	v.RawQuery, v.Fragment = "", ""
	return v.Redacted()
}

// The headers that are the protocol's or the connection's own.
var ownHeaders = []string{"Content-Type", "Content-Length", "Host", "Connection", "Transfer-Encoding", "X-Pusher-Key", "X-Pusher-Signature"}

func (w *Webhook) checkHeaders() error {
	for name, value := range w.Headers {
		switch {
		case name == "" || strings.ContainsFunc(name, notToken):
			return fmt.Errorf("headers has the name %q: use letters, digits and '-'", name)
		case slices.ContainsFunc(ownHeaders, func(own string) bool { return strings.EqualFold(own, name) }):
			return fmt.Errorf("headers has %q, which is set by the server: leave it out", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return fmt.Errorf("headers.%s holds a control character: remove it", name)
		}
	}
	return nil
}

// notToken tells the characters that RFC 9110 section 5.6.2 has not in names.
func notToken(r rune) bool {
	isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	return !isLetter && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func cloneWebhooks(list []Webhook) []Webhook {
	list = slices.Clone(list)
	for i := range list {
		list[i].Events, list[i].Headers = slices.Clone(list[i].Events), maps.Clone(list[i].Headers)
	}
	return list
}
