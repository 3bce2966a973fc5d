package engine

import (
	"errors"

	"fanfare/engine/http1"
)

var errGone = errors.New("the connection is gone")

// readRequest takes one request from data, if it is complete, and hands it to
// the handler. It returns the bytes used.
func (l *Loop) readRequest(c *Conn, data []byte) int {
	if c.in != nil && c.in.onBody {
		return l.readBody(c, data)
	}
	r, limit, n := l.readHead(c, data)
	if r == nil {
		return n
	}
	if !r.Chunked && int64(len(data)-n) >= r.ContentLength {
		end := n + int(r.ContentLength)
		r.Body = data[n:end]
		l.serve(c, r)
		return end
	}
	l.awaitBody(c, r, limit)
	return n
}

// readHead parses the head at the start of data, n bytes, and tells how large
// a body it may bring. A nil request with n > 0 means that it was refused.
func (l *Loop) readHead(c *Conn, data []byte) (r *http1.Request, limit, n int) {
	from := 0
	if c.in != nil {
		from = min(c.in.scanned, len(data))
	}
	n = http1.HeadEnd(data, from)
	if n < 0 {
		return nil, 0, l.awaitHead(c, data)
	}
	if c.in != nil {
		c.in.scanned = 0
	}
	r = &l.request
	if err := http1.Parse(data[:n], l.cfg.Head, r); err != nil {
		return nil, 0, l.refuse(c, err, data)
	}
	if limit = l.handler.BodyLimit(r); r.ContentLength > int64(limit) {
		return nil, 0, l.refuse(c, tooLarge(limit), data)
	}
	c.flags = c.flags&^(flagAnswered|flagKeepAlive|flagHead|flagHTTP10|flagContinued) | requestFlags(r)
	return r, limit, n
}

// awaitHead notes where to go on looking, unless what came can't become a
// head any more.
func (l *Loop) awaitHead(c *Conn, data []byte) int {
	if err := http1.Partial(data, l.cfg.Head); err != nil {
		return l.refuse(c, err, data)
	}
	in := l.inboundOf(c)
	if in.scanned == 0 {
		c.hurry(l.headSeconds)
	}
	in.scanned, in.need = len(data), 0
	return 0
}

func requestFlags(r *http1.Request) flags {
	var f flags
	if r.KeepAlive {
		f |= flagKeepAlive
	}
	if string(r.Method) == "HEAD" {
		f |= flagHead
	}
	if r.Minor == 0 {
		f |= flagHTTP10
	}
	return f
}

// awaitBody keeps the head of a request whose body is not all there.
func (l *Loop) awaitBody(c *Conn, r *http1.Request, limit int) {
	in := l.inboundOf(c)
	in.head = append([]byte(nil), r.Head...)
	in.limit, in.onBody, in.chunked, in.scanned, in.need = limit, true, r.Chunked, 0, 0
	if !r.Chunked {
		in.limit = int(r.ContentLength)
	}
	c.setDue(l.headSeconds)
	if r.ExpectContinue && !c.has(flagContinued) {
		c.set(flagContinued)
		c.push(continueFrame)
	}
}

var continueFrame = NewRaw(Protocol, []byte(http1.Continue))

// readBody takes what data has of the body and serves the request when that
// completes it.
func (l *Loop) readBody(c *Conn, data []byte) int {
	in := c.in
	n, done, err := in.takeBody(data)
	if err != nil {
		return l.refuse(c, err, data)
	}
	if !done {
		return n
	}
	r := &l.request
	if err := http1.Parse(in.head, l.cfg.Head, r); err != nil {
		return l.refuse(c, err, data)
	}
	r.Body, in.onBody = in.body, false
	l.serve(c, r)
	l.endRequest(c)
	return n
}

func (in *inbound) takeBody(data []byte) (n int, done bool, err error) {
	if in.chunked {
		in.body, n, done, err = in.chunks.Decode(in.body, data, in.limit)
		return n, done, err
	}
	n = min(in.limit-len(in.body), len(data))
	in.body = append(in.body, data[:n]...)
	return n, len(in.body) == in.limit, nil
}

// serve hands a complete request to the handler.
func (l *Loop) serve(c *Conn, r *http1.Request) {
	l.counters.requests++
	if c.in != nil {
		c.in.since = l.now // what follows is another request
	}
	c.setDue(0)
	l.handler.Request(c, r)
	switch {
	case c.state == stateParked:
		l.keepHead(c, r)
	case !c.has(flagAnswered) && c.state == stateHTTP:
		l.counters.refuse(500)
		l.log.Error("request left without an answer", "method", string(r.Method), "path", string(r.Path))
		c.Respond(&http1.Response{Status: 500, ContentType: "text/plain", Fields: l.cfg.ErrorFields, Body: []byte("no answer was given\n")})
	}
}

// keepHead keeps the head of a parked request for a later Upgrade.
func (l *Loop) keepHead(c *Conn, r *http1.Request) {
	in := l.inboundOf(c)
	if in.head == nil {
		in.head = append([]byte(nil), r.Head...)
	}
	in.body = nil
}

// headOf gives the head of the request that is being answered.
func (l *Loop) headOf(c *Conn) []byte {
	if c.in != nil && c.in.head != nil {
		return c.in.head
	}
	return l.request.Head
}

// endRequest forgets a request that has its answer.
func (l *Loop) endRequest(c *Conn) {
	if c.in != nil && c.state != stateParked {
		in := c.in
		*in = inbound{buf: in.buf, sealed: in.sealed, held: in.held, since: in.since}
	}
}

// answer writes a response and decides what becomes of the connection.
func (l *Loop) answer(c *Conn, r *http1.Response) {
	parked := c.state == stateParked
	keep := c.has(flagKeepAlive) && !r.Close && !l.retiring()
	out := *r
	out.Close, out.Head, out.Minor = !keep, c.has(flagHead), 1
	if c.has(flagHTTP10) {
		out.Minor = 0
	}
	c.pushReply(http1.AppendResponse(l.runs.paper(), &out, l.date))
	if c.state >= stateLingering {
		return
	}
	if !keep {
		c.linger(CauseLocal)
		return
	}
	c.state = stateHTTP
	c.setDue(l.keepAliveSeconds)
	if parked {
		l.endRequest(c)
		l.resume(c)
	}
}

// refuse answers a request that can't be served and closes: where it ends is
// not known.
func (l *Loop) refuse(c *Conn, err error, data []byte) int {
	var e *http1.Error
	if !errors.As(err, &e) {
		e = &http1.Error{Status: 400, Message: err.Error()}
	}
	l.counters.violations++
	l.counters.refuse(e.Status)
	c.unset(flagAnswered | flagKeepAlive | flagHead)
	answer := e.Response()
	answer.Fields = l.cfg.ErrorFields
	c.Respond(&answer)
	return len(data)
}

func tooLarge(limit int) error {
	if limit == 0 {
		return &http1.Error{Status: 413, Message: "no request body is taken here"}
	}
	return &http1.Error{Status: 413, Message: "request body too large: at most " + itoa(limit) + " bytes are taken here"}
}
