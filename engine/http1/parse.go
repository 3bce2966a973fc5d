package http1

import "bytes"

// Parse reads one complete head, as found by HeadEnd, into r. It allocates only when r.Fields has to grow. The error is
// an *Error; r is then not to be used.
func Parse(head []byte, lim Limits, r *Request) error {
	lim = lim.withDefaults()
	if err := lim.check(head); err != nil {
		return err
	}
	if err := opening(head); err != nil {
		return err
	}
	head = skipEmptyLine(head)
	*r = Request{Fields: r.Fields[:0], Head: head}
	line, rest, err := cutLine(head)
	if err != nil {
		return err
	}
	if err := r.parseRequestLine(line); err != nil {
		return err
	}
	return r.parseFields(rest, lim.Fields)
}

// cutLine splits b after its first line, which it returns without CRLF. A lone LF is not a line end: a reader in front
// of us that thinks otherwise would see other fields than we do. A lone CR stays in the line and is refused there as
// the control character that it is.
func cutLine(b []byte) (line, rest []byte, err error) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return nil, nil, refuse(400, "head does not end in a blank line: end every line with CRLF and the head with an empty one")
	}
	if i == 0 || b[i-1] != '\r' {
		return nil, nil, refuse(400, `line %q ends in a bare LF: end every line of the head with CRLF ("\r\n")`, quoted(b[:i]))
	}
	return b[:i-1], b[i+1:], nil
}

// parseRequestLine reads "METHOD TARGET HTTP/1.1" (RFC 9112 section 3), with exactly one space between the parts.
func (r *Request) parseRequestLine(line []byte) error {
	method, rest, ok := bytes.Cut(line, space)
	target, version, ok2 := bytes.Cut(rest, space)
	if !ok || !ok2 {
		return refuse(400, `request line %q is incomplete: it must read "METHOD TARGET HTTP/1.1", with single spaces`, quoted(line))
	}
	if err := r.parseVersion(version, method); err != nil {
		return err
	}
	if len(method) == 0 || span(method, tokenChar) != len(method) {
		return refuse(400, `method %q is not a token: send letters, as in "GET"`, quoted(method))
	}
	r.Method = method
	return r.parseTarget(target)
}

var space = []byte{' '}

func (r *Request) parseVersion(version, method []byte) error {
	switch {
	case string(version) == "HTTP/1.1":
		r.Minor = 1
		return nil
	case string(version) == "HTTP/1.0":
		return nil
	case string(method) == "PRI" && string(version) == "HTTP/2.0": // connection preface, RFC 9113 section 3.4
		return refuse(505, "HTTP/2 is not spoken here: use HTTP/1.1 (with curl: --http1.1)")
	case len(version) == 8 && string(version[:5]) == "HTTP/" && digit(version[5]) && version[6] == '.' && digit(version[7]):
		return refuse(505, "version %s is not spoken here: use HTTP/1.1", version)
	}
	return refuse(400, `version %q is malformed: end the request line with " HTTP/1.1"`, quoted(version))
}

func (r *Request) parseFields(rest []byte, most int) error {
	var f facts
	for {
		line, next, err := cutLine(rest)
		if err != nil {
			return err
		}
		rest = next
		if len(line) == 0 {
			break
		}
		if len(r.Fields) == most {
			return refuse(431, "more than %d header lines: send fewer", most)
		}
		name, value, err := parseField(line)
		if err != nil {
			return err
		}
		r.Fields = append(r.Fields, Field{Name: name, Value: value})
		if err := r.note(name, value, &f); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return refuse(400, "head goes on after its blank line: the body is read apart from the head")
	}
	return r.settle(&f)
}

// parseField reads "name: value" (RFC 9112 section 5). Folded lines and white space before the colon are refused, for
// readers differ on which name and value they make.
func parseField(line []byte) (name, value []byte, err error) {
	n := span(line, tokenChar)
	if n == 0 || n == len(line) || line[n] != ':' {
		return nil, nil, badName(line, n)
	}
	value = trimSpace(line[n+1:])
	if i := valueSpan(value); i < len(value) {
		return nil, nil, refuse(400, "header %q holds control character %q: remove it, or encode the value", quoted(line[:n]), value[i:i+1])
	}
	return line[:n], value, nil
}

// badName says why the first n bytes of line are not a field name.
func badName(line []byte, n int) error {
	switch {
	case line[0] == ' ' || line[0] == '\t':
		return refuse(400, "header line %q starts with white space: folded headers are obsolete, send the value on one line", quoted(line))
	case n == len(line):
		return refuse(400, `header line %q has no colon: write "Name: value"`, quoted(line))
	case n > 0 && (line[n] == ' ' || line[n] == '\t'):
		return refuse(400, `header %q is followed by white space: write the colon directly behind the name, as in "Name: value"`, quoted(line[:n]))
	case n == 0 && line[0] == ':':
		return refuse(400, `header line %q has no name: write "Name: value"`, quoted(line))
	}
	return refuse(400, "header line %q has %q in its name: names are letters, digits and !#$%%&'*+-.^_`|~", quoted(line), line[n:n+1])
}
