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
)

// samples are bodies at the edges of JSON.
var samples = []string{
	h1Body, `{}`, ` { } `, ``, ` `, `{`, `}`, `{}}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `[1,]`, `{a:1}`, `{'a':1}`,
	`{"a":0}`, `{"a":-0}`, `{"a":00}`, `{"a":01}`, `{"a":1.}`, `{"a":.1}`, `{"a":1.0e+5}`, `{"a":1e}`, `{"a":1e+}`, `{"a":+1}`, `{"a":--1}`, `{"a":1-2}`, `{"a":1.2.3}`,
	`{"a":nan}`, `{"a":NaN}`, `{"a":inf}`, `{"a":-Inf}`, `{"a":Infinity}`, `{"a":true}`, `{"a":True}`, `{"a":truefalse}`, `{"a":tru}`, `{"a":null}`, `{"a":1true}`, `{"a":1"x"}`,
	`{"a":"\"\\\/\b\f\n\r\t\u00fc"}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\u12g4"}`, `{"a":"\`, `{"a":"\"}`, `{"a":"\\"}`, `{"a":"\\\"}`,
	`{"a":"\ud83d\ude00"}`, `{"a":"\ud83d"}`, `{"a":"\ude00"}`, `{"a":"\ud83d\ud83d\ude00"}`, `{"a":"\ud83d\u0041"}`, `{"\ud83d":1}`,
	"{\"a\":\"\x00\"}", "{\"a\":\"\x1f\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"\xff\"}", "{\"a\":\"ü\u2028\"}", "\ufeff{}", "{}\x00", "{\x0b}", "{\"a\x01\":1}",
	`{"name":"x","data":"y","channels":["a","a","#b"],"socket_id":"1.1","info":"user_count"}`, `{"batch":[{"name":"x","data":{"a":[1]},"channel":"c"},7]}`,
	`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
}

// agrees checks that the parser accepts exactly the objects of RFC 8259 whose
// strings are whole characters and that are not too deep.
func agrees(t *testing.T, h *home, body string) {
	t.Helper()
	_, err := h.parse([]byte(body))
	var v map[string]json.RawMessage
	want := json.Unmarshal([]byte(body), &v) == nil && v != nil && utf8.ValidString(body) && !brokenPairs(body) && depth(body) <= maxDepth
	if (err == nil) != want {
		t.Errorf("%q: got error %v, want accepted %v", body, err, want)
	}
}

// brokenPairs tells whether valid JSON has an escaped surrogate alone: the
// standard library makes U+FFFD of it, which was not there before.
func brokenPairs(body string) bool {
	var v any
	_ = json.Unmarshal([]byte(body), &v)
	written := strings.NewReplacer("\ufffd", "", `\\`, `\\`, `\ufffd`, "", `\uFFFD`, "", `\uFffd`, "").Replace(body)
	if json.Unmarshal([]byte(written), &v) != nil {
		return false
	}
	again, _ := json.Marshal(v)
	return strings.Contains(string(again), "\ufffd")
}

func depth(body string) int {
	d, deepest, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '{' || c == '['):
			d++
			deepest = max(deepest, d)
		case !quoted && (c == '}' || c == ']'):
			d--
		}
	}
	return deepest
}

func TestParseIsStrict(t *testing.T) {
	h := &home{}
	for _, body := range samples {
		agrees(t, h, body)
	}
}

// A parser that had to grow is not kept.
func TestParserIsDropped(t *testing.T) {
	h := &home{}
	f := func(body string) {
		t.Helper()
		o, err := h.parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		small := h.parser
		if _, err := h.parse([]byte(`{"b":1}`)); err != nil {
			t.Fatal(err)
		}
		if o.Get("a") == nil {
			t.Errorf("the value died with its parser (%v)", &small)
		}
	}
	f(`{"a":"` + strings.Repeat("x", keepBytes) + `"}`)
	f(`{"a":[` + strings.Repeat("1,", keepValues) + `1]}`)
}

// Whatever is sent is refused by a text, or makes events that may be delivered:
// legal names, data of whole characters and of a bounded size, and exactly the
// data that was sent.
func FuzzPublishBody(f *testing.F) {
	for _, body := range samples {
		f.Add(body)
	}
	app := apps.New("3", testKey, testSecret)
	app.Limits = apps.PusherLimits()
	s := &Server{cfg: Config{IDs: protocol.NewDirectory()}}
	f.Fuzz(func(t *testing.T, body string) {
		k := call{
			request: &request{body: []byte(body)}, tenant: &tenant{app: app},
			home: &home{server: s, seen: map[string]struct{}{}},
		}
		agrees(t, k.home, body)
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
	o, no := k.object()
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
