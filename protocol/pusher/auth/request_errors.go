package auth

import (
	"strconv"
	"time"
)

// RequestError is a refusal of an HTTP API request whose text is always the
// same. The texts are the vendor's where the vendor has one.
type RequestError string

// Error implements error.
func (e RequestError) Error() string { return string(e) }

// What can be wrong with the signing parameters, in the order of the checks.
const (
	ErrKeyMissing         RequestError = "Missing parameter: auth_key"
	ErrKeyUnknown         RequestError = "Unknown auth_key"
	ErrVersionMissing     RequestError = "Version required"
	ErrVersionUnsupported RequestError = "Version not supported"
	ErrTimestampMissing   RequestError = "Timestamp required"
	ErrTimestampMalformed RequestError = "Timestamp invalid: auth_timestamp must be a whole number of seconds since 1970"
	ErrBodyMD5Missing     RequestError = "Missing parameter: body_md5 (the MD5 of the body in lower-case hex; only an empty body goes without)"
)

// TimestampError means that the client's and the server's clock differ, or that
// an old request is sent again.
type TimestampError struct {
	Given, Server int64 // Unix seconds
}

// Error returns the vendor's text.
func (e *TimestampError) Error() string {
	return "Timestamp expired: Given timestamp (" + iso8601(e.Given) + ") not within " +
		strconv.Itoa(int(TimestampGrace/time.Second)) + "s of server time (" + iso8601(e.Server) + ")"
}

func iso8601(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// RequestSignatureError means that auth_signature is missing or wrong.
type RequestSignatureError struct {
	Text    string // what should have been signed
	Got     string // the signature that came
	Missing bool   // none came
}

// Error returns the vendor's text.
func (e *RequestSignatureError) Error() string {
	got := strconv.Quote(e.Got)
	if e.Missing {
		got = "nil" // the vendor's verifier is written in Ruby
	}
	return "Invalid signature: you should have sent HmacSHA256Hex(" + strconv.Quote(e.Text) +
		", your_secret_key), but you sent " + got
}

// BodyError means that the body is not the one that was signed.
type BodyError struct {
	Want, Got string
}

// Error implements error.
func (e *BodyError) Error() string {
	return "Invalid body_md5: the MD5 of the body received is " + strconv.Quote(e.Want) + ", but you sent " + strconv.Quote(e.Got)
}
