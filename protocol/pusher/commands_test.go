package pusher

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"github.com/valyala/fastjson"
)

func TestParseHostile(t *testing.T) {
	f := func(text string, want error) {
		t.Helper()
		var p parser
		if _, err := p.parse([]byte(text)); !errors.Is(err, want) {
			t.Errorf("parse(%.60q): %v, want %v", text, err, want)
		}
	}
	f("", errNotJSON)
	f("nonsense", errNotJSON)
	f(`{"event":"pusher:ping"`, errNotJSON)
	f(`{"event":"pusher:ping"}}`, errNotJSON)
	f(`{"event":"client-x","channel":"private-x","data":nan}`, errNotJSON)
	f(`{"event":"client-x","channel":"private-x","data":1-2}`, errNotJSON)
	f(`{"event":"client-x","channel":"private-x","data":"\x"}`, errNotJSON)
	f(`{"event":"client-x","channel":"private-x","data":"\u12"}`, errNotJSON)
	f("{\"event\":\"client-x\",\"channel\":\"private-x\",\"data\":\"\n\"}", errNotJSON)
	f("{\"event\":\"\x12\\b\"}", errNotJSON)
	f("{\"event\":\"a\\\n\"}", errNotJSON)
	f(`"x"`, errNotObject)
	f(`null`, errNotObject)
	f(`{}`, errNoEvent)
	f(`{"event":null}`, errNoEvent)
	f(strings.Repeat("[", 1<<20), errDepth)
	f(strings.Repeat("[", maxDepth)+strings.Repeat("]", maxDepth), errNotObject)
	f(`{"event":"x","data":["`+strings.Repeat("[", 1000)+`"]}`, nil)
	f("["+strings.Repeat("0,", 1<<19)+"0]", errValues)
}

func TestLargeParserIsDropped(t *testing.T) {
	var p parser
	for _, text := range []string{
		`{"event":"x","data":"` + strings.Repeat("x", keepBytes) + `"}`,
		`{"event":"x","data":[` + strings.Repeat("0,", keepValues) + `0]}`,
	} {
		if _, err := p.parse([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(p.frame, fastjson.Parser{}) {
			t.Errorf("the parser is kept after %.30s...", text)
		}
	}
}

func TestSessionIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(session{}); n > 96 {
		t.Errorf("a session has %d bytes, want at most 96", n)
	}
}

func FuzzCommand(f *testing.F) {
	for _, seed := range []string{
		ping,
		`{"event":"pusher:subscribe","data":{"auth":"k:s","channel":"presence-x","channel_data":"{\"user_id\":1}"}}`,
		`{"event":"pusher:subscribe","data":"{\"channel\":\"x\"}"}`,
		`{"event":"pusher:unsubscribe","data":{"channel":"x"}}`,
		`{"event":"client-x","channel":"private-x","data":{"a":[1,"\ud83d\ude00",null,true]}}`,
		`{"event":"client-x","channel":"private-x","data":"\ud800"}`,
		`{"event":"client-x","channel":"private-x"}`,
		`{"\u0065vent":"pusher:ping"}`,
		"{\"event\":\"\x12\\b\"}", "[[[[[[", "", "null", `{"event":"pusher:signin","data":{}}`,
	} {
		f.Add([]byte(seed))
	}
	h := &home{}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !utf8.Valid(text) {
			return // the engine lets none through
		}
		cmd, err := h.parser.parse(text)
		if isPing(text) && (err != nil || cmd.verb != verbPing) {
			t.Errorf("%s is a ping and parsed as %d, %v", text, cmd.verb, err)
		}
		if err != nil {
			if !utf8.ValidString(err.Error()) || len(err.Error()) > len(text)+200 {
				t.Errorf("error text %q", err)
			}
			return
		}
		if !json.Valid(text) {
			t.Errorf("%q is not JSON and was taken as %+v", text, cmd)
		}
		if cmd.verb != verbClientEvent {
			return
		}
		data := h.payload(cmd.data)
		out := appendEvent(nil, cmd.event, cmd.channel, data, "u")
		var back struct{ Event, Channel, Data, UserID string }
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("relayed as %s: %v", out, err)
		}
		if back.Event != cmd.event || back.Channel != cmd.channel || back.Data != string(data) {
			t.Errorf("relayed as %s, was %+v with %q", out, cmd, data)
		}
	})
}

func TestAppendString(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got := string(appendString(nil, in))
		if got != want {
			t.Errorf("appendString(%q) = %s, want %s", in, got, want)
		}
		var back string
		if err := json.Unmarshal([]byte(got), &back); err != nil || back != in {
			t.Errorf("%s reads as %q (%v), want %q", got, back, err, in)
		}
	}
	f("", `""`)
	f("plain", `"plain"`)
	f(`a"b\c/d`, `"a\"b\\c/d"`)
	f("\n\r\t\b\f\x00\x1f", `"\n\r\t\u0008\u000c\u0000\u001f"`)
	f("\x7f é 😀 \u2028 <&>", "\"\x7f é 😀 \u2028 <&>\"")
}

func BenchmarkClientEvent(b *testing.B) {
	var p parser
	h := &home{}
	text := []byte(`{"event":"client-typing","channel":"presence-room.1234","data":{"user":"somebody","at":1234567890,"text":"hello"}}`)
	b.ReportAllocs()
	for b.Loop() {
		cmd, err := p.parse(text)
		if err != nil {
			b.Fatal(err)
		}
		_ = h.payload(cmd.data)
	}
}
