package api

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fanfare/channels/apps"
	"fanfare/protocol"
	"fanfare/protocol/pusher/names"
	"fanfare/protocol/pusher/tenant"
)

// Whatever is sent is refused by a text, or makes events that may be delivered:
// legal names, data of whole characters and of a bounded size, and exactly the
// data that was sent.
func FuzzPublishBody(f *testing.F) {
	for _, body := range []string{
		h1Body, ``, `{}`, `[]`, `{"a":1,}`, `{"name":"x","channel":"c","data":"\ud83d\ude00\ud83d"}`, "{\"name\":\"x\",\"channel\":\"c\",\"data\":\"\xff\"}",
		`{"name":"x","data":"y","channels":["a","a","#b"],"socket_id":"1.1","info":"user_count"}`, `{"batch":[{"name":"x","data":{"a":[1]},"channel":"c"},7]}`,
	} {
		f.Add(body)
	}
	app := apps.New("3", testKey, testSecret)
	app.Limits = apps.PusherLimits()
	s := &Server{cfg: Config{IDs: protocol.NewDirectory()}}
	f.Fuzz(func(t *testing.T, body string) {
		k := call{
			request: &request{body: []byte(body)}, Tenant: &tenant.Tenant{App: app},
			home: &home{server: s, seen: map[string]struct{}{}},
		}
		events, no := k.readAny()
		if no != nil {
			if no.status < 400 || len(no.text) < 10 || len(no.text) > 1000 || !utf8.ValidString(no.text) {
				t.Errorf("%q: refused with %+v", body, no)
			}
			return
		}
		for _, e := range events {
			checkEvent(t, &app.Limits, e)
		}
		checkData(t, body, events)
	})
}

// readAny reads a batch if there is one, else an event.
func (k *call) readAny() ([]event, *refusal) {
	o, no := k.parameters()
	if no != nil {
		return nil, no
	}
	if batch := o.Get("batch"); batch != nil {
		no = k.readBatch(batch)
		return k.home.events, no
	}
	e, no := k.readEvent(o, alone)
	if no != nil {
		return nil, no
	}
	e.channels, no = k.readChannels(o)
	return []event{e}, no
}

// letterEscape finds what may hide one of those names.
var letterEscape = regexp.MustCompile(`\\u00[4567]`)

func checkEvent(t *testing.T, l *apps.Limits, e event) {
	t.Helper()
	if err := names.CheckEvent(e.name, l.EventName); err != nil {
		t.Error(err)
	}
	if !utf8.ValidString(e.data) || len(e.data) > l.EventData {
		t.Errorf("data %q", e.data)
	}
	if len(e.channels) == 0 || len(e.channels) > l.ChannelsPerPublish {
		t.Errorf("%d channels", len(e.channels))
	}
	for i, c := range e.channels {
		if err := names.CheckChannel(c, l.ChannelName); err != nil || slices.Contains(e.channels[:i], c) {
			t.Errorf("channel %q: %v", c, err)
		}
	}
}

// checkData holds the data against what the standard library reads, where the
// two agree on which member counts: it takes other letters for the same name,
// and the last of two.
func checkData(t *testing.T, body string, events []event) {
	t.Helper()
	var sent struct {
		Data  json.RawMessage
		Batch []struct{ Data json.RawMessage }
	}
	lower := strings.ToLower(body)
	alike := strings.Count(lower, "data") == len(events) && strings.Count(lower, "batch") <= 1 &&
		strings.Contains(lower, "batch") == strings.Contains(body, "batch") && !letterEscape.MatchString(body)
	if !alike || json.Unmarshal([]byte(body), &sent) != nil {
		return
	}
	if sent.Batch == nil {
		sent.Batch = []struct{ Data json.RawMessage }{{sent.Data}}
	}
	for i, e := range events {
		want := ""
		if json.Unmarshal(sent.Batch[i].Data, &want) != nil || string(sent.Batch[i].Data) == "null" {
			var compact bytes.Buffer
			_ = json.Compact(&compact, sent.Batch[i].Data)
			want = compact.String()
		}
		if e.data != want {
			t.Errorf("data %q became %q", sent.Batch[i].Data, e.data)
		}
	}
}
