package http1

import (
	"bytes"
	"net/netip"
)

// parseTarget sets Target, Path, Query and, for an absolute target, Host (RFC 9112 section 3.2).
func (r *Request) parseTarget(target []byte) error {
	if i := span(target, targetChar); i < len(target) || i == 0 {
		return badTarget(target, i)
	}
	r.Target = target
	switch {
	case string(r.Method) == "CONNECT":
		return refuse(501, "CONNECT asks for a tunnel: this is a server, not a proxy")
	case target[0] == '/':
		return r.splitTarget(target)
	case string(target) == "*":
		return r.asterisk()
	}
	return r.absolute(target)
}

func badTarget(target []byte, i int) error {
	switch {
	case len(target) == 0:
		return refuse(400, `request line has no target: write "METHOD TARGET HTTP/1.1", with single spaces`)
	case target[i] == '#':
		return refuse(400, `target %q holds "#": fragments are not sent, and "#" itself is written %%23`, quoted(target))
	}
	return refuse(400, "target %q holds byte %q: write it as %%%02X", quoted(target), target[i:i+1], target[i])
}

// asterisk takes "*", which is about the server as a whole and for OPTIONS only.
func (r *Request) asterisk() error {
	if string(r.Method) != "OPTIONS" {
		return refuse(400, `target "*" is for OPTIONS only: start the target with "/"`)
	}
	r.Path = r.Target
	return nil
}

// absolute takes "http://host/path", as sent to proxies. The host in it counts, not the Host field.
func (r *Request) absolute(target []byte) error {
	rest, ok := cutScheme(target)
	if !ok {
		return refuse(400, `target %q must start with "/", "http://" or "https://"`, quoted(target))
	}
	end := len(rest)
	if i := bytes.IndexAny(rest, "/?"); i >= 0 {
		end = i
	}
	r.Host = rest[:end]
	if !validAuthority(r.Host) {
		return refuse(400, `host %q in the target is invalid: write "http://host:port/path", without a user name`, quoted(r.Host))
	}
	return r.splitTarget(rest[end:])
}

func cutScheme(target []byte) (rest []byte, ok bool) {
	const plain, secure = "http://", "https://"
	switch {
	case len(target) >= len(plain) && equalFold(target[:len(plain)], plain):
		return target[len(plain):], true
	case len(target) >= len(secure) && equalFold(target[:len(secure)], secure):
		return target[len(secure):], true
	}
	return nil, false
}

// splitTarget splits path and query at the first '?'. The path is checked for bad escapes here, so that every reader of
// the request sees the same one or none; a query is for its reader to judge.
func (r *Request) splitTarget(target []byte) error {
	r.Path, r.Query, _ = bytes.Cut(target, question)
	if len(r.Path) == 0 { // "http://host" and "http://host/" are the same, RFC 9110 section 4.2.3
		r.Path = rootPath
	}
	if i := badEscape(r.Path); i >= 0 {
		return escapeError(r.Path, i)
	}
	return nil
}

var (
	question = []byte{'?'}
	rootPath = []byte{'/'}
)

// validAuthority judges the host of an absolute target: not empty (RFC 9110 section 4.2.1), and a bracketed address
// must be one.
func validAuthority(host []byte) bool {
	if len(host) == 0 || host[0] == ':' || !validHost(host) {
		return false
	}
	if host[0] != '[' {
		return true
	}
	_, err := netip.ParseAddr(string(host[1:bytes.IndexByte(host, ']')]))
	return err == nil
}

// validHost judges "host[:port]" by its characters: a name, an IPv4 address, or an IPv6 address in brackets. It may be
// empty (RFC 9112 section 3.2). Percent-encoding is not allowed: no host name has it.
func validHost(host []byte) bool {
	if len(host) > 0 && host[0] == '[' {
		n := 1
		for n < len(host) && (hexDigit(host[n]) >= 0 || host[n] == ':' || host[n] == '.') {
			n++
		}
		return n > 1 && n < len(host) && host[n] == ']' && validPort(host[n+1:])
	}
	return validPort(host[span(host, hostChar):])
}

// validPort takes nothing, or a colon and digits; RFC 3986 section 3.2.3 allows none of them.
func validPort(port []byte) bool {
	if len(port) == 0 {
		return true
	}
	for _, c := range port[1:] {
		if !digit(c) {
			return false
		}
	}
	return port[0] == ':'
}
