package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	pusher "github.com/pusher/pusher-http-go/v5"

	"fanfare/protocol/pusher/conformance/wire"
)

// hookMembers are the members that an event of each kind has besides its name.
// A user_id may be among those of a client event.
var hookMembers = map[string]string{
	"channel_occupied":   "channel",
	"channel_vacated":    "channel",
	"member_added":       "channel user_id",
	"member_removed":     "channel user_id",
	"client_event":       "channel data event socket_id",
	"cache_miss":         "channel",
	"subscription_count": "channel subscription_count",
}

// hookEvent is one event of a webhook request. A pointer is nil for a member
// that is not there.
type hookEvent struct {
	Name, Channel, Event string
	Data                 string
	SocketID             string  `json:"socket_id"`
	UserID               *string `json:"user_id"`
	Count                *int    `json:"subscription_count"`

	by *delivery // that brought it
}

// String is the event as the checks write it: its name, and whom or how many it
// is about.
func (e hookEvent) String() string {
	switch {
	case e.UserID != nil:
		return e.Name + " " + *e.UserID
	case e.Count != nil:
		return fmt.Sprintf("%s %d", e.Name, *e.Count)
	}
	return e.Name
}

// delivery is one webhook request.
type delivery struct {
	at     time.Time
	app    wire.App // that signed it
	header http.Header
	body   string
	time   int64 // time_ms
	events []hookEvent
}

// inbox is an application that is told by webhooks: an HTTP server on loopback,
// which holds every request to the form that is documented. Its methods are for
// the goroutine of the check, but for ServeHTTP.
type inbox struct {
	// Static once a server knows the URL.
	t      *T
	url    string
	apps   []wire.App                // whose webhooks point here
	answer func(d delivery) (st int) // to a request; nil answers 200. One call at a time.

	mu       sync.Mutex    // held by calls of answer
	accepted chan delivery // what was answered with success, in this order
	broken   chan string   // what was wrong with a request

	// Owned by the check.
	deliveries []delivery  // read so far
	queue      []hookEvent // of those, not looked at yet
	history    []hookEvent // of those, looked at
}

// inbox starts a receiver for the webhooks of these apps.
func (t *T) inbox(apps ...wire.App) *inbox {
	in := &inbox{t: t, apps: apps, accepted: make(chan delivery, 1<<12), broken: make(chan string, 1)}
	in.url = "http://" + t.serve(in) + "/webhook"
	return in
}

// ServeHTTP takes a request in.
func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender gave up, and will try again
	}
	d := delivery{at: time.Now(), header: r.Header, body: string(body)}
	if err := d.read(r, in.apps); err != nil {
		select {
		case in.broken <- err.Error():
		default: // one is enough
		}
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(in.judge(d))
}

func (in *inbox) judge(d delivery) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	status := http.StatusOK
	if in.answer != nil {
		status = in.answer(d)
	}
	if status/100 == 2 {
		in.accepted <- d
	}
	return status
}

// read checks the request's form and signature, the latter with the vendor's own
// library as well, and decodes it.
func (d *delivery) read(r *http.Request, apps []wire.App) error {
	key := r.Header.Get("X-Pusher-Key")
	i := slices.IndexFunc(apps, func(a wire.App) bool { return a.Key == key })
	if r.Method != http.MethodPost || i < 0 {
		return fmt.Errorf("%s with X-Pusher-Key %q, want POST with the key of one of %v", r.Method, key, apps)
	}
	d.app = apps[i]
	if got, want := r.Header.Get("X-Pusher-Signature"), d.app.Sign(d.body); got != want {
		return fmt.Errorf("X-Pusher-Signature of %s is %q, want %q", d.body, got, want)
	}
	if _, err := library(d.app).Webhook(r.Header, []byte(d.body)); err != nil {
		return fmt.Errorf("the Go library does not take %s: %w", d.body, err)
	}
	return d.decode()
}

// library is the vendor's Go library with an app's credentials.
func library(app wire.App) *pusher.Client {
	return &pusher.Client{AppID: app.ID, Key: app.Key, Secret: app.Secret}
}

// decode reads the body, which must hold nothing but what is documented.
func (d *delivery) decode() error {
	var body struct {
		Time   int64 `json:"time_ms"`
		Events []json.RawMessage
	}
	if err := strict([]byte(d.body), &body); err != nil || len(body.Events) == 0 {
		return fmt.Errorf("%s is no object with time_ms and events: %w", d.body, err)
	}
	d.time = body.Time
	for _, text := range body.Events {
		e := hookEvent{by: d}
		if err := strict(text, &e); err != nil {
			return fmt.Errorf("event %s: %w", text, err)
		}
		if err := e.complete(text); err != nil {
			return err
		}
		d.events = append(d.events, e)
	}
	return nil
}

// complete checks that an event has the members of its kind, and no others.
func (e hookEvent) complete(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	var names []string
	for name := range members {
		if name != "name" && (name != "user_id" || e.Name != "client_event") {
			names = append(names, name)
		}
	}
	want, known := hookMembers[e.Name]
	if got := strings.Join(sorted(names), " "); !known || got != want {
		return fmt.Errorf("event %s has the members %s, want %s", text, got, want)
	}
	return nil
}

// strict decodes JSON text that may have no other members than v.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// next returns the next request that was answered with success.
func (in *inbox) next() delivery {
	select {
	case d := <-in.accepted:
		in.deliveries = append(in.deliveries, d)
		return d
	case problem := <-in.broken:
		in.t.fatalf("a webhook came that is not right: %s", problem)
	case <-in.t.ctx.Done():
		in.t.fatalf("no webhook came within %v; so far %v", in.t.limit, in.history)
	}
	return delivery{} // not reached
}

// take returns the next event, of whatever channel.
func (in *inbox) take() hookEvent {
	if len(in.queue) == 0 {
		in.queue = in.next().events
	}
	e := in.queue[0]
	in.queue = in.queue[1:]
	in.history = append(in.history, e)
	return e
}

// await reads on to the next event with this text (see [hookEvent.String]) on a
// channel.
func (in *inbox) await(text, channel string) hookEvent {
	for {
		if e := in.take(); e.Channel == channel && e.String() == text {
			return e
		}
	}
}

// of returns the events read so far of a channel, but for the markers of toldBefore.
func (in *inbox) of(channel string) []string {
	var texts []string
	for _, e := range in.history {
		if e.Channel == channel && e.Event != marker {
			texts = append(texts, e.String())
		}
	}
	return texts
}

const marker = "client-marker"

// tells proves that exactly these events were told of a channel, from the
// start.
func (in *inbox) tells(c *client, channel string, want ...string) {
	if got := in.toldBefore(c, channel); !slices.Equal(got, want) {
		in.t.fatalf("told %q of %s, want %q", got, channel, want)
	}
}

// toldBefore returns all events that were told of a channel. C, which is
// subscribed there, sends a client event, which comes after all that happened
// there before.
func (in *inbox) toldBefore(c *client, channel string) []string {
	c.send(marker, channel, "{}")
	for {
		if e := in.take(); e.Channel == channel && e.Event == marker {
			return in.of(channel)
		}
	}
}

// hook is an [[apps.webhooks]] table that points to in, with further lines.
func (in *inbox) hook(lines ...string) string {
	return "[[apps.webhooks]]\nurl = \"" + in.url + "\"\nprivate_targets = true\n" + strings.Join(lines, "\n") + "\n"
}
