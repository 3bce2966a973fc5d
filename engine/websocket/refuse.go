package websocket

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/gobwas/ws"
)

// refusal is what an opening handshake is answered with that can't be accepted.
type refusal struct {
	fault  Fault
	status int
	fields string // header lines of its own
	text   string // what would be right
}

// versionField says which version is spoken (RFC 6455 section 4.4).
const versionField = "Sec-WebSocket-Version: 13\r\n"

// refusals says in our words, and as a whole answer, what gobwas/ws's Upgrader objects to.
var refusals = map[error]refusal{
	ws.ErrHandshakeBadProtocol: {FaultProtocol, 505, "", "a WebSocket begins with HTTP/1.1: end the request line with that version"},
	ws.ErrHandshakeBadMethod:   {FaultMethod, 405, "Allow: GET\r\n", "a WebSocket begins with the method GET"},
	ws.ErrHandshakeBadHost:     {FaultHost, 400, "", "the header Host is missing: send it once, with the server's name"},
	ws.ErrHandshakeBadUpgrade:  {FaultUpgrade, 400, "", `a WebSocket begins with the header "Upgrade: websocket"`},
	ws.ErrHandshakeBadConnection: {
		FaultConnection, 400, "", `a WebSocket begins with the header "Connection: Upgrade"; a proxy on the way may have dropped it`,
	},
	ws.ErrHandshakeBadSecVersion: {FaultVersion, 400, versionField, `the header Sec-WebSocket-Version is missing: send "Sec-WebSocket-Version: 13"`},
	ws.ErrHandshakeBadSecKey: {
		FaultKey, 400, "", "the header Sec-WebSocket-Key is missing or wrong: send 16 random bytes in base64, which are 24 characters",
	},
	// An Upgrade field wants to be named by Connection (RFC 9110 section 7.8).
	ws.ErrHandshakeUpgradeRequired: {
		FaultVersion, 426, "Upgrade: websocket\r\n" + versionField, `this version of WebSocket is not spoken here: send "Sec-WebSocket-Version: 13"`,
	},
}

// malformed answers a head that could not even be read.
var malformed = refusal{FaultMalformed, 400, "", "malformed HTTP request: send a request line, then lines of the form Name: value, then an empty line"}

// Fault is what was wrong with an opening handshake, as metrics name it.
type Fault uint8

// The faults.
const (
	FaultProtocol   Fault = iota // not HTTP/1.1
	FaultMethod                  // not GET
	FaultHost                    // no Host
	FaultUpgrade                 // no "Upgrade: websocket"
	FaultConnection              // no "Connection: Upgrade"
	FaultVersion                 // Sec-WebSocket-Version missing, or not 13
	FaultKey                     // Sec-WebSocket-Key missing or wrong
	FaultMalformed               // anything else
	Faults                       // how many there are
)

// String gives the fault's name as metrics print it.
func (f Fault) String() string {
	return [Faults]string{"protocol", "method", "host", "upgrade", "connection", "version", "key", "malformed"}[f]
}

// FaultOf tells what was wrong with the handshake of which Upgrade returned err.
func FaultOf(err error) Fault { return refusalFor(errors.Unwrap(err)).fault }

// refusalFor never fails: what the Upgrader may say in a later version is malformed too.
func refusalFor(err error) refusal {
	if r, ok := refusals[err]; ok {
		return r
	}
	return malformed
}

// append appends the whole answer to dst. It announces that the connection is closed after it.
func (r refusal) append(dst []byte) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(r.status), 10)
	dst = append(dst, " "+http.StatusText(r.status)+"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(r.text)+1), 10)
	dst = append(dst, "\r\n"+r.fields...)
	if r.status == http.StatusUpgradeRequired {
		dst = append(dst, "Connection: Upgrade, close\r\n\r\n"...)
	} else {
		dst = append(dst, "Connection: close\r\n\r\n"...)
	}
	return append(dst, r.text+"\n"...)
}
