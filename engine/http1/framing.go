package http1

// facts are what the fields of one request said, until all have been read.
type facts struct {
	host, length, encoding        bool // that a Host, Content-Length, Transfer-Encoding field was there
	expect                        bool
	close, keepAlive, upgrade, ws bool // tokens of Connection, and "websocket" in Upgrade
}

// note takes a field that has a meaning for the connection or for where the request ends; others are left alone.
func (r *Request) note(name, value []byte, seen *facts) error {
	switch len(name) {
	case len("host"):
		if equalFold(name, "host") {
			return r.noteHost(value, seen)
		}
	case len("expect"):
		if equalFold(name, "expect") {
			return noteExpect(value, seen)
		}
	case len("upgrade"):
		if equalFold(name, "upgrade") {
			seen.ws = seen.ws || hasToken(value, "websocket")
		} else if equalFold(name, "trailer") {
			return checkTrailer(value)
		}
	case len("connection"):
		if equalFold(name, "connection") {
			noteConnection(value, seen)
		}
	case len("content-length"):
		if equalFold(name, "content-length") {
			return r.noteLength(value, seen)
		}
	case len("transfer-encoding"):
		if equalFold(name, "transfer-encoding") {
			return r.noteEncoding(value, seen)
		}
	}
	return nil
}

func (r *Request) noteHost(value []byte, f *facts) error {
	if f.host {
		return refuse(400, "more than one Host header: send exactly one")
	}
	f.host = true
	if !validHost(value) {
		return refuse(400, `Host %q is invalid: send "host" or "host:port"`, quoted(value))
	}
	if r.Host == nil { // an absolute target has set it already, RFC 9112 section 3.2.2
		r.Host = value
	}
	return nil
}

func noteExpect(value []byte, f *facts) error {
	if !equalFold(value, "100-continue") {
		return refuse(417, `Expect %q cannot be met: send "Expect: 100-continue" or leave it out`, quoted(value))
	}
	f.expect = true
	return nil
}

func noteConnection(value []byte, f *facts) {
	f.close = f.close || hasToken(value, "close")
	f.keepAlive = f.keepAlive || hasToken(value, "keep-alive")
	f.upgrade = f.upgrade || hasToken(value, "upgrade")
}

// checkTrailer refuses to be promised a trailer that would change the framing (RFC 9110 section 6.5.1). We drop all
// trailers, but others on the way may not.
func checkTrailer(value []byte) error {
	for _, name := range [...]string{"content-length", "transfer-encoding", "trailer"} {
		if hasToken(value, name) {
			return refuse(400, "Trailer names %s: that field belongs in the head", name)
		}
	}
	return nil
}

// noteLength takes a plain decimal number, once. A list or a second line, even of equal numbers, is refused: RFC 9112
// section 6.3 leaves the choice, and nobody sends one in earnest.
func (r *Request) noteLength(value []byte, f *facts) error {
	if f.length {
		return refuse(400, "more than one Content-Length header: send exactly one")
	}
	f.length = true
	n, ok := parseLength(value)
	if !ok {
		return refuse(400, "Content-Length %q is invalid: send one decimal number below 2^63, without sign or list", quoted(value))
	}
	r.ContentLength = n
	return nil
}

// parseLength reads decimal digits into a number below 2^63.
func parseLength(b []byte) (n int64, ok bool) {
	const limit = 1<<63 - 1
	for _, c := range b {
		d := int64(c) - '0'
		if d < 0 || d > 9 || n > (limit-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, len(b) > 0
}

// noteEncoding takes "chunked", once. "identity", "gzip, chunked" and every odd spelling are refused (RFC 9112 section
// 6.1): they are where readers disagree.
func (r *Request) noteEncoding(value []byte, f *facts) error {
	if f.encoding || !equalFold(value, "chunked") {
		return refuse(501, `Transfer-Encoding %q is not understood: send a single "Transfer-Encoding: chunked", or a Content-Length`, quoted(value))
	}
	f.encoding = true
	r.Chunked = true
	return nil
}

// settle draws the conclusions when all fields are known.
func (r *Request) settle(f *facts) error {
	switch {
	case !f.host && r.Minor == 1:
		return refuse(400, `Host header is missing: HTTP/1.1 wants one, as in "Host: example.com"`)
	case f.encoding && r.Minor == 0:
		return refuse(400, "Transfer-Encoding in HTTP/1.0: send a Content-Length, or use HTTP/1.1")
	case f.encoding && f.length:
		return refuse(400, "both Content-Length and Transfer-Encoding: send one of them")
	}
	body := r.Chunked || r.ContentLength > 0
	r.KeepAlive = !f.close && (r.Minor == 1 || f.keepAlive)
	// HTTP/1.0 clients know neither 100 nor 101; RFC 9110 sections 10.1.1 and 7.8 want both ignored.
	r.ExpectContinue = f.expect && body && r.Minor == 1
	r.Upgrade = f.upgrade && f.ws && r.Minor == 1 && string(r.Method) == "GET"
	if r.Upgrade && body {
		return refuse(400, "upgrade to WebSocket has a body: send the request without Content-Length and Transfer-Encoding")
	}
	return nil
}
