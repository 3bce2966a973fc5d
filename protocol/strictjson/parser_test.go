package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// samples are texts at the edges of JSON.
var samples = []string{
	body, frame, `{}`, ` { } `, ``, ` `, `{`, `}`, `{}}`, `{} {}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `[1,]`, `{a:1}`, `{'a':1}`,
	`0`, `-0`, `00`, `01`, `-01`, `1.`, `.1`, `1.0e+5`, `1E-5`, `1e`, `1e+`, `+1`, `-`, `--1`, `1-2`, `1.2.3`, `0x1`, `1_0`, `12345678901234567890`, `1e400`,
	`nan`, `NaN`, `inf`, `-Inf`, `Infinity`, `true`, `false`, `True`, `truefalse`, `tru`, `null`, `nul`, `[1true]`, `[1"x"]`, `[null"x"]`, `["x"1]`, `hello`,
	`"\"\\\/\b\f\n\r\t\u00fc"`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\`, `"\"`, `"\\"`, `"\\\"`, `"`, `"x`, `"\'"`,
	`"\ud83d\ude00"`, `"\uD83D\uDE00"`, `"\ud83d"`, `"\ude00"`, `"\ude00\ude00"`, `"\ud83d\ud83d\ude00"`, `"\ud83d\u0041"`, `{"\ud83d":1}`, `"\\ud83d"`, `"\\\ud83d"`, `"\ud83d\\ude00"`,
	`"\ufffd"`, `"\ud7ff\ue000\uffff\u0000"`, "\"\ufffd\"", "\"\u2028\U0010ffff\"",
	"\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"a\\\n\"", "\"\x12\\b\"", "\ufeff{}", "{}\x00", "{\x0b}", "{\"a\x01\":1}",
	strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 65) + strings.Repeat("]", 65), strings.Repeat("[", 100),
	`{"a":1,"a":2}`, `["` + strings.Repeat("[", 100) + `\"` + strings.Repeat("[", 100) + `"]`, `[}}}}[[[[`, `[]]]]]][[[[[`,
}

func TestSamples(t *testing.T) {
	var p Parser
	for _, text := range samples {
		holds(t, &p, text)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range samples {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p Parser
		holds(t, &p, text)
	})
}

// holds holds the parser to encoding/json: it takes exactly what that takes, as
// far as it is of whole characters and within the bounds, and reads the same.
func holds(t *testing.T, p *Parser, text string) {
	t.Helper()
	v, err := p.Parse([]byte(text))
	valid := json.Valid([]byte(text))
	want := valid && utf8.ValidString(text) && !brokenPairs(text) && depth(text) <= MaxDepth && strings.Count(text, ",") < MaxValues/2
	if (err == nil) != want {
		t.Fatalf("%q: got error %v, want accepted %v", text, err, want)
	}
	if err == nil {
		same(t, text, v)
		return
	}
	if errors.Is(err, ErrSyntax) && valid && depth(text) <= MaxDepth {
		t.Errorf("%q is JSON, and the error is %v", text, err)
	}
	if said := err.Error(); len(said) > 150 || !utf8.ValidString(said) {
		t.Errorf("%q: error text %q", text, said)
	}
}

// same compares what was read with what encoding/json reads.
func same(t *testing.T, text string, v *fastjson.Value) {
	t.Helper()
	read := func(b []byte) (got any) {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		if err := d.Decode(&got); err != nil {
			t.Errorf("%q: %v", b, err)
		}
		return got
	}
	if got, want := read(v.MarshalTo(nil)), read([]byte(text)); !reflect.DeepEqual(got, want) {
		t.Errorf("%q was read as %v, want %v", text, got, want)
	}
}

var (
	pair = regexp.MustCompile(`\\u[dD][89abAB][[:xdigit:]]{2}\\u[dD][c-fC-F]`)
	half = regexp.MustCompile(`\\u[dD][89a-fA-F]`)
)

// brokenPairs tells whether valid JSON has an escaped surrogate that is not one
// of a pair.
func brokenPairs(text string) bool {
	text = strings.ReplaceAll(text, `\\`, "__")
	return half.MatchString(pair.ReplaceAllString(text, ""))
}

func depth(text string) int {
	d, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
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

func TestErrors(t *testing.T) {
	var p Parser
	f := func(text, want string) {
		t.Helper()
		if _, err := p.Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.40q: error %v, want %q", text, err, want)
		}
	}
	f("hello", "is not JSON: invalid character 'h' looking for beginning of value (byte 1)")
	f(`{} {}`, "is not JSON: invalid character '{' after top-level value (byte 4)")
	f(`[01]`, "is not JSON: invalid character '1' after array element (byte 3)")
	f("[\"\n\"]", `is not JSON: a string holds the control character 0x0a: write \u000a`)
	f(`["\x41"]`, `is not JSON: a string holds "\\x41\"]", which is no escape`)
	f(`["`, "is not JSON: a string has no end")
	f(`"\ud83d"`, `has a string that holds \ud83d, half of a surrogate pair: send whole characters`)
	f("\"\xff\"", "is not UTF-8")
	f(strings.Repeat("[", 1<<20), "is nested too deeply: at most 64 levels are read")
	f("["+strings.Repeat("0,", MaxValues)+"0]", "has too many values: at most 65536 are read; send data as a string")
}

// A parser that had to grow is not kept, and its last value holds all the same.
func TestLargeParserIsDropped(t *testing.T) {
	f := func(text string, kept bool) {
		t.Helper()
		var p Parser
		v, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if reflect.DeepEqual(p, Parser{}) == kept {
			t.Errorf("%.20s...: kept %v", text, !kept)
		}
		if !kept && string(v.MarshalTo(nil)) != text {
			t.Errorf("%.20s...: the value died with its parser", text)
		}
	}
	f(`{"a":"`+strings.Repeat("x", keepBytes)+`"}`, false)
	f(`{"a":[`+strings.Repeat("1,", keepValues)+`1]}`, false)
	f(`{"a":[`+strings.Repeat("1,", keepValues/2)+`1]}`, true)
}

func TestMembers(t *testing.T) {
	var p Parser
	v, err := p.Parse([]byte(`{"s":"\u00fc","e":"","n":null,"i":1,"o":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	f := func(member, want string, ok, absent bool) {
		t.Helper()
		got, is := String(v.Get(member))
		if got != want || is != ok || Absent(v.Get(member)) != absent {
			t.Errorf("%s: %q, %v, absent %v", member, got, is, Absent(v.Get(member)))
		}
	}
	f("s", "ü", true, false)
	f("e", "", true, false)
	f("n", "", false, true)
	f("i", "", false, false)
	f("o", "", false, false)
	f("x", "", false, true)
}
