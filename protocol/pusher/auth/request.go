package auth

import (
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Names of the parameters that sign a request.
const (
	paramKey       = "auth_key"
	paramTimestamp = "auth_timestamp"
	paramVersion   = "auth_version"
	paramSignature = "auth_signature"
	paramBodyMD5   = "body_md5"
)

// version is the only auth_version there is.
const version = "1.0"

// TimestampGrace is the distance from the server's clock at which a request is
// refused: a second less is accepted, in both directions.
const TimestampGrace = 600 * time.Second

// Request is what the signature of an HTTP API request covers. Everything in
// it is borrowed until the check returns.
type Request struct {
	Method string
	// Paths are the paths that the client may have signed, as they came (still
	// escaped), likeliest first: with and without a prefix that was configured
	// or that a proxy may have put on. Each is tried unescaped, then as it is.
	Paths []string
	// Params is the decoded query; see [AppendQuery].
	Params []Param
	// Body is the body as it came.
	Body []byte
}

// CheckRequest checks a request against the app that its path names, in the
// order of the vendor's own verifier: key, version, timestamp, signature, and
// last the body's MD5, so that strangers can't make the server hash for them.
// Every error is worth a 401 with the error's text as body: a [RequestError], a
// [*TimestampError], a [*RequestSignatureError] or a [*BodyError].
//
// The key of another app gets the same answer as one that does not exist.
func (s *Signer) CheckRequest(r *Request, now time.Time) error {
	q := readSigning(r.Params)
	if err := s.checkKey(q.key); err != nil {
		return err
	}
	if err := checkVersion(q.version); err != nil {
		return err
	}
	if err := checkTimestamp(q.timestamp, now); err != nil {
		return err
	}
	if err := s.checkSignature(r, &q); err != nil {
		return err
	}
	return checkBody(r.Body, q.bodyMD5)
}

// signing holds the parameters of a request's signature.
type signing struct {
	key, timestamp, version, signature, bodyMD5 string
	signed                                      bool // there was an auth_signature
}

// readSigning picks them out. Of one that is given twice the last counts.
func readSigning(params []Param) (q signing) {
	for _, p := range params {
		switch strings.ToLower(p.Key) {
		case paramKey:
			q.key = p.Value
		case paramTimestamp:
			q.timestamp = p.Value
		case paramVersion:
			q.version = p.Value
		case paramSignature:
			q.signature, q.signed = p.Value, true
		case paramBodyMD5:
			q.bodyMD5 = p.Value
		}
	}
	return q
}

func (s *Signer) checkKey(key string) error {
	switch {
	case key == "":
		return ErrKeyMissing
	case !equal(key, s.key):
		return ErrKeyUnknown
	}
	return nil
}

func checkVersion(v string) error {
	switch v {
	case "":
		return ErrVersionMissing
	case version:
		return nil
	}
	return ErrVersionUnsupported
}

func checkTimestamp(text string, now time.Time) error {
	if text == "" {
		return ErrTimestampMissing
	}
	given, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return ErrTimestampMalformed
	}
	const grace = int64(TimestampGrace / time.Second)
	server := now.Unix()
	if given <= server-grace || given >= server+grace {
		return &TimestampError{Given: given, Server: server}
	}
	return nil
}

// checkSignature tries every path in every spelling that a library may have
// signed. Each try is a whole signature, so more spellings weaken nothing.
func (s *Signer) checkSignature(r *Request, q *signing) error {
	c := s.get()
	defer s.put(c)
	arrays := c.addParams(r.Params)
	for _, escaped := range r.Paths {
		path := unescapePath(escaped)
		if c.signed(r.Method, path, arrays, q.signature) {
			return nil
		}
		if path != escaped && c.signed(r.Method, escaped, arrays, q.signature) {
			return nil
		}
	}
	return c.signatureError(r, q)
}

func (c *scratch) signed(method, path string, arrays bool, signature string) bool {
	c.writeText(method, path, brackets)
	if equal(c.sign(c.text), signature) {
		return true
	}
	if !arrays {
		return false
	}
	c.writeText(method, path, commas)
	return equal(c.sign(c.text), signature)
}

func (c *scratch) signatureError(r *Request, q *signing) error {
	path := ""
	if len(r.Paths) > 0 {
		path = unescapePath(r.Paths[0])
	}
	c.writeText(r.Method, path, brackets)
	return &RequestSignatureError{Text: clip(c.text), Got: clip(q.signature), Missing: !q.signed}
}

// unescapePath returns the path percent-decoded, or as it is if it can't be.
func unescapePath(path string) string {
	if decoded, err := url.PathUnescape(path); err == nil {
		return decoded
	}
	return path
}

// checkBody checks the body's MD5, through which alone a signature covers it.
// An empty body needs none.
func checkBody(body []byte, given string) error {
	if given == "" {
		if len(body) == 0 {
			return nil
		}
		return ErrBodyMD5Missing
	}
	sum := hexMD5(body)
	if !equal(sum[:], given) {
		return &BodyError{Want: string(sum[:]), Got: clip(given)}
	}
	return nil
}

func hexMD5(body []byte) (text [2 * md5.Size]byte) {
	sum := md5.Sum(body)
	hex.Encode(text[:], sum[:])
	return text
}
