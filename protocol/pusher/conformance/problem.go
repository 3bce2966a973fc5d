package main

import (
	"bytes"
	"encoding/json"
)

// problem is the data of a pusher:error.
type problem struct {
	Code    *int // nil for JSON null
	Message string
	object  bool // not a JSON string that holds the object
}

// problem decodes e, a pusher:error. From our own server its data must be an
// object with a message and a code that is an integer or null. Another server
// may leave both out or send the object as a string: CON-29 and SUB-12 are
// about that, and no other check fails for it.
func (c *client) problem(e event) problem {
	if e.Event != "pusher:error" {
		c.t.fatalf("got %s, want a pusher:error", e)
	}
	text, object := e.Members["data"], true
	var quoted string
	if !c.t.own() && bytes.HasPrefix(text, []byte(`"`)) && json.Unmarshal(text, &quoted) == nil {
		text, object = json.RawMessage(quoted), false
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(text, &data); err != nil || data == nil {
		c.t.fatalf("data of %s is not a JSON object", e)
	}
	p := problem{object: object}
	if code, ok := data["code"]; ok && json.Unmarshal(code, &p.Code) != nil || !ok && c.t.own() {
		c.t.fatalf("code of %s is neither an integer nor null", e)
	}
	if err := json.Unmarshal(data["message"], &p.Message); c.t.own() && (err != nil || p.Message == "") {
		c.t.fatalf("message of %s is not a text", e)
	}
	return p
}

// null proves that the code is null, as the hosted service has it in errors
// that answer a command.
func (p problem) null(t *T) {
	if p.Code != nil {
		t.fatalf("pusher:error %q has code %d, want null", p.Message, *p.Code)
	}
}

// isObject proves that data was an object.
func (p problem) isObject(t *T) {
	if !p.object {
		t.fatalf("data of pusher:error %q is a string, want an object", p.Message)
	}
}

// has reports whether the code is this one.
func (p problem) has(code int) bool { return p.Code != nil && *p.Code == code }

// holds reports whether one of the events is a pusher:error with this code.
func (c *client) holds(events []event, code int) bool {
	for _, e := range events {
		if e.Event == "pusher:error" && c.problem(e).has(code) {
			return true
		}
	}
	return false
}
