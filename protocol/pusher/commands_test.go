package pusher

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"
)

func TestParseHostile(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		var p parser
		if _, err := p.parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("parse(%.60q): %v, want %s", text, err, want)
		}
	}
	f("", errText("message is not JSON: unexpected end of JSON input (byte 0)"))
	f("nonsense", errText("message is not JSON: invalid character 'o' in literal null (expecting 'u') (byte 2)"))
	f(`{"event":"pusher:ping"}}`, errText("message is not JSON: invalid character '}' after top-level value (byte 24)"))
	f(`{"event":"client-x","channel":"private-x","data":"\x"}`, errText(`message is not JSON: a string holds "\\x\"}", which is no escape`))
	f(`{"event":"client-x","channel":"private-x","data":"\ud800"}`, `message has a string that holds \ud800, half of a surrogate pair: send whole characters`)
	f(strings.Repeat("[", 1<<20), "message is nested too deeply: at most 64 levels are read")
	f(`"x"`, errNotObject.Error())
	f(`null`, errNotObject.Error())
	f(`{}`, errNoEvent.Error())
	f(`{"event":null}`, errNoEvent.Error())
	f(`{"event":"pusher:subscribe","data":"{"}`, `data of pusher:subscribe is a string that holds no JSON object: it is not JSON: unexpected end of JSON input (byte 1)`)
	f(`{"event":"pusher:subscribe","data":"{\"channel\":\"\\ud800\"}"}`, `data of pusher:subscribe is a string that holds no JSON object: it has a string that holds \ud800, half of a surrogate pair: send whole characters`)
}

// errText is what a client is told whose frame is not JSON.
func errText(why string) string {
	return why + `; send one JSON object per frame, such as {"event":"pusher:ping","data":{}}`
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
