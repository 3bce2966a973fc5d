package loadgen

import (
	"bytes"
	"fmt"
	"strconv"
)

// answer is an HTTP/1.1 response with a Content-Length, or a 101. Its parts
// are views of the bytes that were parsed.
type answer struct {
	status int
	head   []byte // status line and headers, with the last line's CRLF
	body   []byte
}

// parseAnswer reads the response at the start of b and returns its length; 0
// when it is not all there.
func parseAnswer(b []byte) (a answer, n int, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return answer{}, 0, nil
	}
	a.head = b[:end+2]
	line, _, _ := bytes.Cut(a.head, []byte("\r\n"))
	_, rest, _ := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	if a.status, err = strconv.Atoi(string(code)); err != nil || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return answer{}, 0, fmt.Errorf("%q is no HTTP status line", line)
	}
	length := 0
	if a.status >= 200 {
		value := a.header("content-length")
		if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
			return answer{}, 0, fmt.Errorf("answer %d has Content-Length %q: only answers of a stated length can be read", a.status, value)
		}
	}
	n = end + 4 + length
	if len(b) < n {
		return answer{}, 0, nil
	}
	a.body = b[end+4 : n]
	return a, n, nil
}

// header returns the value of a header; nil when it is not there. name is in
// lower case.
func (a answer) header(name string) []byte {
	for line := range bytes.SplitSeq(a.head, []byte("\r\n")) {
		key, value, found := bytes.Cut(line, []byte(":"))
		if found && len(key) == len(name) && bytes.EqualFold(key, []byte(name)) {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}
