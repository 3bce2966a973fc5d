package http1

import "strconv"

// Continue is the answer that an ExpectContinue request waits for before it sends its body.
const Continue = "HTTP/1.1 100 Continue\r\n\r\n"

// Response is an answer with its whole body. AppendResponse borrows it until it returns.
type Response struct {
	Status      int
	ContentType string // not sent when empty
	Body        []byte
	// Fields are sent besides Date, Content-Type, Content-Length and Connection, which the other fields of Response
	// decide. Names must be tokens; control characters in values are sent as spaces, so that no value taken from a
	// request can add a header (RFC 9112 section 11.1).
	Fields []Field
	Minor  int  // the request's: a client of HTTP/1.0 must be told that the connection is kept
	Close  bool // the connection is closed after this answer
	Head   bool // answers a HEAD request: everything but the body
}

// AppendResponse appends r to dst. date is the time as an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"), formatted by
// the loop once a second; without it no Date is sent. Allocates only when dst has to grow.
func AppendResponse(dst []byte, r *Response, date []byte) []byte {
	dst = appendStatusLine(dst, r.Status)
	if len(date) > 0 {
		dst = append(dst, "Date: "...)
		dst = append(dst, date...)
		dst = append(dst, "\r\n"...)
	}
	if r.ContentType != "" {
		dst = append(dst, "Content-Type: "...)
		dst = append(dst, r.ContentType...)
		dst = append(dst, "\r\n"...)
	}
	for _, f := range r.Fields {
		dst = appendField(dst, f)
	}
	return appendBody(dst, r)
}

// appendBody ends the head and appends the body, both as the status and the request allow.
func appendBody(dst []byte, r *Response) []byte {
	bodiless := r.Status < 200 || r.Status == 204 || r.Status == 304
	if !bodiless { // RFC 9110 section 8.6
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(r.Body)), 10)
		dst = append(dst, "\r\n"...)
	}
	switch {
	case r.Close:
		dst = append(dst, "Connection: close\r\n"...)
	case r.Minor == 0:
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	dst = append(dst, "\r\n"...)
	if bodiless || r.Head {
		return dst
	}
	return append(dst, r.Body...)
}

// appendStatusLine always names HTTP/1.1, our version; RFC 9110 section 6.2 wants that towards older clients too.
func appendStatusLine(dst []byte, status int) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, reason(status)...)
	return append(dst, "\r\n"...)
}

func appendField(dst []byte, f Field) []byte {
	dst = append(dst, f.Name...)
	dst = append(dst, ": "...)
	for _, c := range f.Value {
		if class[c]&valueChar == 0 {
			c = ' '
		}
		dst = append(dst, c)
	}
	return append(dst, "\r\n"...)
}
