package database

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fanfare/channels/apps"
)

// webhook is one entry of the webhooks column, in soketi's form.
type webhook struct {
	URL      string            `json:"url"`
	Lambda   string            `json:"lambda_function"`
	Headers  map[string]string `json:"headers"`
	Types    *[]string         `json:"event_types"`
	ToFilter struct {
		Prefix string `json:"channel_name_starts_with"`
		Suffix string `json:"channel_name_ends_with"`
	} `json:"filter"`
}

// webhooks reads the column. Its targets must be on the public internet: who can
// write into a database must not so be able to reach what only this machine can.
//
// An entry that only calls a Lambda function is left out, and so is one whose
// event_types is an empty list, which soketi tells nothing. Without event_types it
// is told everything.
func webhooks(d *draft, text string) error {
	var list []webhook
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return fmt.Errorf(`use a JSON array of objects like {"url": "https://example.com/webhook", "event_types": ["channel_occupied"]}: %s`, place(err))
	}
	d.app.Webhooks = nil
	for i, w := range list {
		switch {
		case w.URL == "" && w.Lambda != "":
			d.leave("webhooks[%d] calls a Lambda function, which is not supported: give it a url", i)
		case w.Types != nil && len(*w.Types) == 0:
			d.leave("webhooks[%d].event_types is empty, so it is told nothing", i)
		default:
			d.app.Webhooks = append(d.app.Webhooks, w.record(d, i))
		}
	}
	return nil
}

func (w *webhook) record(d *draft, i int) apps.Webhook {
	r := apps.Webhook{
		URL:           w.URL,
		ChannelPrefix: w.ToFilter.Prefix, ChannelSuffix: w.ToFilter.Suffix,
	}
	if w.Types != nil {
		r.Events = *w.Types
	}
	for name, value := range w.Headers {
		if slices.ContainsFunc(overridden, func(own string) bool { return strings.EqualFold(own, name) }) {
			d.leave("webhooks[%d].headers has %s, which is set by the server", i, name)
			continue
		}
		if r.Headers == nil {
			r.Headers = make(map[string]string)
		}
		r.Headers[name] = value
	}
	return r
}

// overridden are headers that stand in tables because they do no harm with
// soketi: its own take their place, or say the same.
var overridden = []string{"Content-Type", "Content-Length", "Host", "X-Pusher-Key", "X-Pusher-Signature"}

// place says what is wrong with a JSON text and where, without repeating any of
// it: headers hold secrets.
func place(err error) string {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("not JSON at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s is of the wrong type at byte %d", strings.Trim("webhooks[]."+e.Field, "."), e.Offset)
	}
	return "not JSON"
}
