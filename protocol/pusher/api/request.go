package api

import (
	"bytes"
	"strings"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/tenant"
)

// request is what counts of an HTTP request. Everything in it is borrowed from
// the engine until clone.
type request struct {
	tag      requestID
	endpoint *endpoint
	id       string // of the app that the path names, decoded
	name     string // the channel or user that the path names, decoded

	method string
	path   string // without the configured prefix, still escaped
	whole  string // with it
	query  string
	body   []byte
}

// asker is whose request it is.
func (q *request) asker() asker { return asker{q.tag, q.id} }

// call is one request to one app, while it is served.
type call struct {
	*request
	*tenant.Tenant
	home *home
	conn *engine.Conn
}

// Request implements engine.Handler.
func (s *Server) Request(c *engine.Conn, r *http1.Request) {
	h := s.homeOf(c.Loop())
	id := h.identify(c, r)
	if c.Surplus() {
		h.refuse(c, asker{id: id}, errSurplus)
		return
	}
	if string(r.Method) == "OPTIONS" {
		h.preflight(c, id, r)
		return
	}
	q, no := read(r)
	if no != nil {
		h.refuse(c, asker{id: id}, no)
		return
	}
	q.tag = id
	h.request = q
	switch app, answer := s.cfg.Apps.ByID(q.id); answer {
	case apps.Found:
		h.serve(c, app, &h.request)
	case apps.Later:
		s.lookUp(c, &h.request)
	default:
		h.refuse(c, q.asker(), unknownApp(q.id))
	}
	h.request = request{}
}

// read finds out what a request asks for.
func read(r *http1.Request) (request, *refusal) {
	id, e, name := match(r.Path)
	if e == nil {
		return request{}, notFound(r.Path)
	}
	if !e.takes(r.Method) {
		return request{}, wrongMethod(e, r.Method)
	}
	return request{
		endpoint: e, id: unescaped(id), name: unescaped(name),
		method: borrow.String(r.Method), path: borrow.String(r.Path), whole: borrow.String(wholePath(r.Target)),
		query: borrow.String(r.Query), body: r.Body,
	}, nil
}

// wholePath gives the path of a target as it was sent, which may be an
// absolute one.
func wholePath(target []byte) []byte {
	if _, rest, absolute := bytes.Cut(target, []byte("://")); absolute && target[0] != '/' {
		target = rest[max(bytes.IndexByte(rest, '/'), 0):]
	}
	path, _, _ := bytes.Cut(target, []byte{'?'})
	return path
}

// serve checks who asks and gives the answer, or a part of it to a worker.
func (h *home) serve(c *engine.Conn, app *apps.App, q *request) {
	defer h.release()
	k := call{request: q, Tenant: h.tenants.Of(app), home: h, conn: c}
	no := k.authenticate()
	if no == nil {
		no = k.takeRead()
	}
	if no == nil {
		no = q.endpoint.serve(&k)
	}
	if no != nil {
		k.Live.Refuse(no.why)
		h.refuse(c, q.asker(), no)
	}
}

// release drops what the loop's spare room still holds of a request.
func (h *home) release() {
	h.answering = nil
	if len(h.seen) > keepValues {
		h.seen = map[string]struct{}{}
	}
	clear(h.seen)
	h.params, h.names, h.events, h.messages = spare(h.params), spare(h.names), spare(h.events), spare(h.messages)
	h.paths = [2]string{}
	if h.inner = h.inner[:0]; cap(h.inner) > keepScratch {
		h.inner = nil
	}
}

// spare empties a list for the next request, unless it has grown large.
func spare[T any](list []T) []T {
	clear(list)
	if cap(list) > keepValues {
		return nil
	}
	return list[:0]
}

// What has grown beyond these is not kept for the next request.
const (
	keepScratch = 64 << 10 // bytes of a buffer
	keepValues  = 1 << 10  // elements of a list
)

// clone copies the request, so that it can wait.
func (q *request) clone() *request {
	c := *q
	c.id, c.name, c.method = strings.Clone(q.id), strings.Clone(q.name), strings.Clone(q.method)
	c.path, c.whole, c.query = strings.Clone(q.path), strings.Clone(q.whole), strings.Clone(q.query)
	c.body = bytes.Clone(q.body)
	c.tag = q.tag.kept()
	return &c
}

// size is about what a clone holds.
func (q *request) size() int64 {
	const overhead = 256
	return int64(overhead + len(q.id) + len(q.name) + len(q.path) + len(q.whole) + len(q.query) + len(q.body))
}

// unescaped decodes a part of a path, which the parser has checked; hardly any
// has something to decode, and then it is borrowed.
func unescaped(b []byte) string {
	if bytes.IndexByte(b, '%') < 0 {
		return borrow.String(b)
	}
	s, err := http1.UnescapePath(b)
	if err != nil {
		return borrow.String(b) // a name that is not legal either
	}
	return s
}
