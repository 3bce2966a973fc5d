package http1

import "bytes"

// Limits bound one request head. A field that is zero means its default.
type Limits struct {
	Head   int // bytes of request line and header lines with the blank line; default 16 KiB
	Fields int // header lines; default 100
}

// DefaultLimits returns 16 KiB and 100 header lines.
func DefaultLimits() Limits {
	return Limits{Head: 16 << 10, Fields: 100}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	if l.Head > 0 {
		d.Head = l.Head
	}
	if l.Fields > 0 {
		d.Fields = l.Fields
	}
	return d
}

// HeadEnd looks for the blank line that ends a head in buf and returns the length of the head with it, or -1 when it
// has not arrived. from is how many bytes at the start of buf an earlier call searched without success, 0 the first
// time; only the last three of them are read again, which may be the start of the blank line, so a head that arrives
// byte by byte costs linear work. A smaller from is never wrong.
//
// Blank lines with bare LFs are found as well. Parse refuses such a head at once; otherwise its sender would wait for
// an answer until it is timed out.
func HeadEnd(buf []byte, from int) int {
	at := max(from-len("\r\n\r"), 0)
	for at < len(buf) {
		i := bytes.IndexByte(buf[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i + 1
		if at < len(buf) && buf[at] == '\n' {
			return at + 1
		}
		if at+1 < len(buf) && buf[at] == '\r' && buf[at+1] == '\n' {
			return at + 2
		}
	}
	return -1
}

// Partial judges a head whose end has not arrived: nil while buf may still become a request within the limits, else the
// *Error to answer with. Loops call it when HeadEnd finds nothing, so that what is buffered stays bounded and a client
// that speaks TLS to this port is sent away at once.
func Partial(buf []byte, lim Limits) error {
	if err := opening(buf); err != nil {
		return err
	}
	return lim.withDefaults().check(buf)
}

// check refuses bytes over the limit: 414 if the request line alone is over it, else 431.
func (l Limits) check(buf []byte) error {
	if len(buf) <= l.Head {
		return nil
	}
	if bytes.IndexByte(skipEmptyLine(buf[:l.Head]), '\n') < 0 {
		return refuse(414, "request line is longer than %d bytes: send a shorter target, and large values in the body", l.Head)
	}
	return refuse(431, "request line and headers are longer than %d bytes: send fewer or shorter headers", l.Head)
}

// opening judges the first byte, which belongs to a method or to one empty line before it.
func opening(buf []byte) error {
	const tlsHandshake = 0x16 // first byte of a ClientHello, RFC 8446 section 5.1
	switch {
	case len(buf) == 0 || class[buf[0]]&tokenChar != 0 || buf[0] == '\r':
		return nil
	case buf[0] == tlsHandshake:
		return refuse(400, "this port speaks plain HTTP but the request starts a TLS handshake: use http:// or ws://, or put a TLS proxy in front")
	}
	return refuse(400, `request starts with byte %q: it must start with a method, as in "GET / HTTP/1.1"`, buf[:1])
}

// skipEmptyLine drops one empty line before the request line, which some clients send after the body of a POST (RFC
// 9112 section 2.2).
func skipEmptyLine(buf []byte) []byte {
	if len(buf) >= 2 && buf[0] == '\r' && buf[1] == '\n' {
		return buf[2:]
	}
	return buf
}
