package http1

// Field is one header line. In a parsed request the name is as it was sent, the value without white space around it.
type Field struct{ Name, Value []byte }

// Request is a parsed head. Every slice is borrowed from the bytes given to Parse and lives as long as they do. The
// zero value is ready; use it again for the next request, so that Fields keeps its room.
type Request struct {
	Method []byte // a token; methods are case-sensitive
	Target []byte // as sent
	Path   []byte // not decoded; starts with '/', or is "*" for OPTIONS. See UnescapePath
	Query  []byte // what follows the first '?', not decoded
	Host   []byte // from an absolute target, else from the Host field; may be empty, has the port if one was sent

	Minor  int     // HTTP/1.Minor: 0 or 1
	Fields []Field // in the order sent

	KeepAlive      bool  // the client wants the connection kept after the answer
	ContentLength  int64 // bytes of body that follow the head; 0 when none or when Chunked
	Chunked        bool  // the body is in chunked transfer coding, for Chunks to decode
	ExpectContinue bool  // the client waits for Continue before it sends the body; false without a body
	Upgrade        bool  // asks for a WebSocket: GET, Connection has "upgrade", Upgrade has "websocket"; without a body

	Head []byte // exactly the head, with the blank line; without an empty line before it
	Body []byte // not set by Parse: the engine sets it before it calls the handler; borrowed
}

// Header returns the value of the first field called name, in any case, or nil if there is none. A field that was sent
// without a value gives an empty slice, not nil.
func (r *Request) Header(name string) []byte {
	for i := range r.Fields {
		if sameName(r.Fields[i].Name, name) {
			return r.Fields[i].Value
		}
	}
	return nil
}

// sameName compares field names: tokens, so ASCII.
func sameName(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if lower(c) != lower(s[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
