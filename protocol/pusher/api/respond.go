package api

import (
	"slices"

	"fanfare/engine"
	"fanfare/engine/http1"
)

const (
	jsonType  = "application/json"
	plainType = "text/plain; charset=utf-8"
)

func field(name, value string) http1.Field {
	return http1.Field{Name: []byte(name), Value: []byte(value)}
}

// PublicFields are the headers with which any page may read an answer, for those
// that the engine gives by itself: engine.Config.ErrorFields. What protects an
// app is its secret, and an API without cookies gives a page nothing that it
// can't have by other means. Not to be changed.
func PublicFields() []http1.Field { return anyOrigin }

// The headers of answers.
var (
	anyOrigin  = []http1.Field{field("Access-Control-Allow-Origin", "*")}
	retrySoon  = []http1.Field{anyOrigin[0], field("Retry-After", "1")}
	preflights = []http1.Field{
		anyOrigin[0],
		field("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"),
		field("Access-Control-Max-Age", "86400"),
		field("Access-Control-Allow-Headers", "Content-Type, X-Pusher-Library, X-Requested-With"),
	}
)

var emptyObject = []byte("{}")

// ok answers 200 with JSON.
func (h *home) ok(c *engine.Conn, id requestID, body []byte) {
	h.respond(c, id, http1.Response{Status: 200, ContentType: jsonType, Body: body})
}

// accepted answers 202 with nothing.
func (h *home) accepted(c *engine.Conn, id requestID) {
	h.respond(c, id, http1.Response{Status: 202})
}

// refuse answers with the text of a refusal, and tells the log.
func (h *home) refuse(c *engine.Conn, who asker, no *refusal) {
	h.log(who, no)
	var fields []http1.Field
	switch {
	case no.status == 503 || no.status == 429:
		fields = retrySoon
	case no.allow != "":
		fields = []http1.Field{anyOrigin[0], field("Allow", no.allow)}
	}
	h.respond(c, who.id, http1.Response{
		Status: no.status, ContentType: plainType, Fields: fields,
		Body: append([]byte(no.text), '\n'), Close: c.Surplus(),
	})
}

// preflight answers a browser that asks whether a page may. It may send what
// headers it likes.
func (h *home) preflight(c *engine.Conn, id requestID, r *http1.Request) {
	fields := preflights
	if asked := r.Header("Access-Control-Request-Headers"); len(asked) > 0 {
		last := len(preflights) - 1
		fields = append(preflights[:last:last], http1.Field{Name: preflights[last].Name, Value: asked})
	}
	h.respond(c, id, http1.Response{Status: 204, Fields: fields})
}

// respond gives the answer, with the usual headers where it has none, and counts
// it. The response lies in the loop's room, so that none has to be allocated.
func (h *home) respond(c *engine.Conn, id requestID, r http1.Response) {
	h.counters.count(r.Status)
	if h.answering != nil {
		h.answering.AnswerBytes.Add(uint64(len(r.Body)))
	}
	h.usual[1].Value = h.ids.write(id)
	if r.Fields == nil {
		r.Fields = h.usual[:]
	} else {
		r.Fields = append(slices.Clip(r.Fields), h.usual[1])
	}
	h.response = r
	c.Respond(&h.response)
	h.response = http1.Response{}
}
