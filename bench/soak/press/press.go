//go:build linux

package press

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/soak/account"
	"fanfare/bench/soak/crowd"
	"fanfare/protocol/pusher/auth"
)

// Press is the publishers of one app.
type Press struct {
	Config
	signer *auth.Signer
	near   string // http://HOST:PORT
	work   sync.WaitGroup
	quit   chan struct{} // closed by Stop
	once   sync.Once

	mu       sync.Mutex // guards all below
	origins  map[int]*origin
	stats    Stats
	silences []Silence
}

// Silence is a request that came by no proxy, and had no answer.
type Silence struct {
	From, Until time.Duration // on the machine's clock
	Text        string
}

// Config is for whom and to whom is published. The lists must not be empty.
type Config struct {
	AppID, Key, Secret string
	EventData          int   // bytes of an event's data; the app must refuse more
	Rooms              int   // presence channels
	Near, Far          []int // members with a channel of their own; the latter are published to through the proxy
}

// Stats is what became of the requests.
type Stats struct {
	Accepted   uint64 `json:"accepted"` // messages
	Refused    uint64 `json:"refused"`  // messages that were answered with anything but 200
	Unanswered uint64 `json:"unanswered"`
	Queries    uint64 `json:"queries"`
	// Unexpected are answers that no wish for a refusal explains.
	Unexpected uint64 `json:"unexpected"`
	First      string `json:"first_unexpected,omitempty"`
}

// origin is the numbering of one source.
type origin struct {
	next    uint32
	certain account.Stamp // the latest
	any     bool          // there is one
	refused map[uint32]bool
}

// desk is one publisher.
type desk struct {
	*Press
	web     *http.Client
	base    string // http://HOST:PORT
	every   time.Duration
	turn    int
	compose func(turn int) (endpoint string, events []event)
}

// event is one message, on one or several channels.
type event struct {
	source   int
	channels []string
	pad      int // bytes
}

// Patience is how long a publisher waits for its answer.
const Patience = 5 * time.Second

// New makes a press that publishes nothing yet.
func New(c Config) *Press {
	return &Press{Config: c, signer: auth.NewSigner(c.Key, c.Secret), quit: make(chan struct{}), origins: map[int]*origin{}}
}

// Start publishes until Stop, by http://HOST:PORT of the server and of the proxy
// before it. A request that was begun gets its answer.
func (p *Press) Start(near, far string) {
	p.near = near
	for _, d := range p.desks(near, far) {
		p.work.Go(d.run)
	}
}

// Stop ends publishing, and waits for the last answers. It may be called twice.
func (p *Press) Stop() {
	p.once.Do(func() { close(p.quit) })
	p.work.Wait()
}

func (p *Press) desks(near, far string) []*desk {
	list := []*desk{
		{base: near, every: time.Second / marketBatches, compose: p.marketEvents},
		{base: near, every: 100 * time.Millisecond, compose: p.roomEvents},
		{base: near, every: 60 * time.Millisecond, compose: bigEvents(crowd.Camera, crowd.CameraChannels)},
		{base: near, every: 60 * time.Millisecond, compose: bigEvents(crowd.Bulk, crowd.BulkChannels)},
		{base: near, every: 250 * time.Millisecond, compose: quotesEvents},
		{base: near, every: 60 * time.Millisecond, compose: notifyEvents(p.Near)},
		{base: far, every: 200 * time.Millisecond, compose: notifyEvents(p.Far)},
	}
	for _, d := range list {
		d.Press = p
		d.web = &http.Client{Timeout: Patience, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	}
	return list
}

func (d *desk) run() {
	defer d.web.CloseIdleConnections()
	tick := time.NewTicker(d.every)
	defer tick.Stop()
	for ; ; d.turn++ {
		select {
		case <-tick.C:
			d.publish()
		case <-d.quit:
			return
		}
	}
}

const (
	// marketBatches are made in a second: together they have an event for every
	// channel.
	marketBatches = 8
	// tooMuch has every so manyth batch refused: one of its events is larger than
	// the app allows, so that none of them may reach anybody.
	tooMuch = 41
)

func (p *Press) marketEvents(turn int) (string, []event) {
	var list []event
	for i := range crowd.MarketChannels / marketBatches {
		k := turn%marketBatches*crowd.MarketChannels/marketBatches + i
		list = append(list, event{crowd.Market.Source(k), []string{crowd.Market.Channel(k)}, 100})
	}
	if turn%tooMuch == tooMuch-1 {
		list[len(list)/2].pad = p.EventData
	}
	return "batch_events", list
}

func (p *Press) roomEvents(turn int) (string, []event) {
	k := turn % p.Rooms
	return "events", []event{{crowd.Room.Source(k), []string{crowd.Room.Channel(k)}, 60}}
}

func bigEvents(kind crowd.Kind, channels int) func(int) (string, []event) {
	return func(turn int) (string, []event) {
		k := turn % channels
		return "events", []event{{kind.Source(k), []string{kind.Channel(k)}, 8 << 10}}
	}
}

func quotesEvents(int) (string, []event) {
	e := event{source: crowd.Quotes.Source(0), pad: 100}
	for k := range crowd.QuotesChannels {
		e.channels = append(e.channels, crowd.Quotes.Channel(k))
	}
	return "events", []event{e}
}

func notifyEvents(members []int) func(int) (string, []event) {
	return func(turn int) (string, []event) {
		k := members[turn%len(members)]
		return "events", []event{{crowd.Notify.Source(k), []string{crowd.Notify.Channel(k)}, 200}}
	}
}

// publish makes one request, and notes what became of it.
func (d *desk) publish() {
	endpoint, events := d.compose(d.turn)
	stamps := d.stamp(events)
	began := crowd.Now()
	status, text, err := d.post(endpoint, body(endpoint, events, stamps))
	d.note(stamps, status, err, d.wantsRefusal(events), text)
	if err != nil && d.base == d.near {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.silences = append(d.silences, Silence{began, crowd.Now(), err.Error()})
	}
}

func (p *Press) wantsRefusal(events []event) bool {
	for _, e := range events {
		if e.pad >= p.EventData {
			return true
		}
	}
	return false
}

// stamp numbers the events.
func (p *Press) stamp(events []event) []account.Stamp {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := crowd.Now()
	list := make([]account.Stamp, len(events))
	for i, e := range events {
		o := p.origins[e.source]
		if o == nil {
			o = &origin{refused: map[uint32]bool{}}
			p.origins[e.source] = o
		}
		list[i] = account.Stamp{Mark: loadgen.Mark{Source: e.source, Seq: o.next}, Sent: now}
		if o.any {
			list[i].Certain, list[i].CertainSent = o.certain.Seq+1, o.certain.Sent
		}
		o.next++
	}
	return list
}

func body(endpoint string, events []event, stamps []account.Stamp) []byte {
	var list []any
	for i, e := range events {
		data := string(account.AppendStamp(nil, stamps[i])) + strings.Repeat("x", e.pad)
		if endpoint == "batch_events" {
			list = append(list, map[string]any{"name": crowd.EventTick, "channel": e.channels[0], "data": data})
			continue
		}
		list = append(list, map[string]any{"name": crowd.EventTick, "channels": e.channels, "data": data})
	}
	var b []byte
	var err error
	if endpoint == "batch_events" {
		b, err = json.Marshal(map[string]any{"batch": list})
	} else {
		b, err = json.Marshal(list[0])
	}
	if err != nil {
		panic(err) // strings always encode
	}
	return b
}

func (d *desk) post(endpoint string, body []byte) (status int, text []byte, err error) {
	return call(context.Background(), d.web, d.signer, http.MethodPost, d.base, "/apps/"+d.AppID+"/"+endpoint, body)
}

// call makes a signed request.
func call(ctx context.Context, web *http.Client, signer *auth.Signer, method, base, path string, body []byte) (status int, text []byte, err error) {
	url := base + path + "?" + signer.SignRequest(method, path, nil, body, time.Now())
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := web.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, err = io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

func (p *Press) note(stamps []account.Stamp, status int, err error, wanted bool, text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := uint64(len(stamps))
	for _, s := range stamps {
		o := p.origins[s.Source]
		switch {
		case err != nil:
		case status == http.StatusOK:
			o.certain, o.any = s, true
		default:
			o.refused[s.Seq] = true
		}
	}
	switch {
	case err != nil:
		p.stats.Unanswered += n
		return
	case status == http.StatusOK:
		p.stats.Accepted += n
	default:
		p.stats.Refused += n
	}
	if wanted != (status != http.StatusOK) {
		p.unexpectedLocked(fmt.Sprintf("a publish was answered with %d: %.200s", status, text))
	}
}

func (p *Press) unexpectedLocked(text string) {
	if p.stats.Unexpected++; p.stats.First == "" {
		p.stats.First = text
	}
}

// Ask makes a signed request to an endpoint of the app, such as "/channels".
func (p *Press) Ask(ctx context.Context, web *http.Client, path string) (status int, text []byte, err error) {
	return call(ctx, web, p.signer, http.MethodGet, p.near, "/apps/"+p.AppID+path, nil)
}

// Queried notes a question and its answer.
func (p *Press) Queried(status int, text []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Queries++
	if err == nil && status != http.StatusOK {
		p.unexpectedLocked(fmt.Sprintf("a question was answered with %d: %.200s", status, text))
	}
}

// Silences are the requests without an answer so far that came by no proxy.
func (p *Press) Silences() []Silence {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.silences)
}

// Last are the latest certain messages of all sources.
func (p *Press) Last() map[int]account.Stamp {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[int]account.Stamp{}
	for source, o := range p.origins {
		if o.any {
			all[source] = o.certain
		}
	}
	return all
}

// WasRefused reports whether a message must have reached nobody.
func (p *Press) WasRefused(m loadgen.Mark) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.origins[m.Source]
	return o != nil && o.refused[m.Seq]
}

// Stats returns what has become of the requests so far.
func (p *Press) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}
