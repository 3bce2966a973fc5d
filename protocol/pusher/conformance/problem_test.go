package main

import (
	"testing"

	"fanfare/protocol/pusher/conformance/wire"
)

// targetOf is a target without an address, our own server or another one.
func targetOf(own bool) *target {
	tg := &target{limit: checkLimit, closes: &closeLog{codes: map[int]string{}}}
	if own {
		tg.binary = "fanfare"
	}
	return tg
}

// passes reports whether judge holds for one message of a server.
func passes(t *testing.T, own bool, text string, judge func(*client, event)) bool {
	t.Helper()
	r := runCheck(t.Context(), targetOf(own), "CON-01", func(t *T) {
		c := &client{t: t}
		judge(c, c.parse(wire.Frame{Op: wire.OpText, Payload: []byte(text)}))
	})
	return r.verdict == pass
}

// Where no statement fixes the form of an error, another server may choose.
func TestProblem(t *testing.T) {
	tests := []struct {
		data                 string
		own, foreign         bool // it is taken as an error of this server
		null, object, is4301 bool // what it is taken for
	}{
		{`{"code":null,"message":"no"}`, true, true, true, true, false},
		{`{"code":4301,"message":"no"}`, true, true, false, true, true},
		{`{"code":4009,"message":"no"}`, true, true, false, true, false},
		{`{"message":"no"}`, false, true, true, true, false},
		{`{"code":null,"message":""}`, false, true, true, true, false},
		{`{"code":null}`, false, true, true, true, false},
		{`"{\"code\":4301,\"message\":\"no\"}"`, false, true, false, false, true},
		{`{"code":"4301","message":"no"}`, false, false, false, false, false},
		{`{"code":4301.5,"message":"no"}`, false, false, false, false, false},
		{`"no"`, false, false, false, false, false},
		{`null`, false, false, false, false, false},
		{`[]`, false, false, false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.data, func(t *testing.T) {
			taken := func(name string, own, want bool, judge func(problem, *T)) {
				text := `{"event":"pusher:error","data":` + tt.data + `}`
				if got := passes(t, own, text, func(c *client, e event) { judge(c.problem(e), c.t) }); got != want {
					t.Errorf("%s is %t, want %t", name, got, want)
				}
			}
			taken("own", true, tt.own, func(problem, *T) {})
			taken("foreign", false, tt.foreign, func(problem, *T) {})
			taken("null", false, tt.null, func(p problem, t *T) { p.null(t) })
			taken("object", false, tt.object, func(p problem, t *T) { p.isObject(t) })
			taken("4301", false, tt.is4301, func(p problem, t *T) {
				if !p.has(4301) {
					t.fatalf("another code")
				}
			})
		})
	}
}

// Another server may add members, but leave none out.
func TestMembers(t *testing.T) {
	tests := []struct {
		text         string
		own, foreign bool
	}{
		{`{"event":"e","data":"{}"}`, true, true},
		{`{"event":"e","data":"{}","serial":7}`, false, true},
		{`{"event":"e"}`, false, false},
	}
	for _, tt := range tests {
		for own, want := range map[bool]bool{true: tt.own, false: tt.foreign} {
			got := passes(t, own, tt.text, func(c *client, e event) { c.members(e, "event", "data") })
			if got != want {
				t.Errorf("%s with own server %t: %t, want %t", tt.text, own, got, want)
			}
		}
	}
}

func TestTells(t *testing.T) {
	want := map[string]int{"user_count": 2}
	for text, verdicts := range map[string][2]bool{ // of our own server, of another
		`{"user_count":2}`:              {true, true},
		`{"user_count":2,"serial":"x"}`: {false, true},
		`{"user_count":"2"}`:            {false, false},
		`{"user_count":3}`:              {false, false},
		`{}`:                            {false, false},
		`null`:                          {false, false},
	} {
		for i, own := range []bool{true, false} {
			r := runCheck(t.Context(), targetOf(own), "CON-01", func(t *T) {
				var e entry
				t.decode(text, &e)
				t.tells(e, want, text)
			})
			if got := r.verdict == pass; got != verdicts[i] {
				t.Errorf("%s with own server %t: %t, want %t", text, own, got, verdicts[i])
			}
		}
	}
}

func TestUnforged(t *testing.T) {
	tests := []struct {
		prefix, more string // members besides event, channel and data
		own, foreign bool
	}{
		{"private-", ``, true, true},
		{"private-", `,"serial":7`, false, true},
		{"private-", `,"user_id":"sender"`, false, false},
		{"private-", `,"extra":{"a":1}`, false, false},
		{"private-", `,"socket_id":"1.1"`, false, false},
		{"presence-", `,"user_id":"sender"`, true, true},
		{"presence-", ``, false, true},
		{"presence-", `,"user_id":"root"`, false, false},
	}
	for _, tt := range tests {
		for own, want := range map[bool]bool{true: tt.own, false: tt.foreign} {
			text := `{"event":"client-x","channel":"c","data":"{}"` + tt.more + `}`
			if got := passes(t, own, text, func(c *client, e event) { c.unforged(e, tt.prefix) }); got != want {
				t.Errorf("%s on %s with own server %t: %t, want %t", text, tt.prefix, own, got, want)
			}
		}
	}
}
