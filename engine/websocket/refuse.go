package websocket

import (
	"net/http"
	"strconv"

	"github.com/gobwas/ws"
)

// refusal is what an opening handshake is answered with that can't be accepted.
type refusal struct {
	status int
	fields string // header lines of its own
	text   string // what would be right
}

// versionField says which version is spoken (RFC 6455 section 4.4).
const versionField = "Sec-WebSocket-Version: 13\r\n"

// refusals says in our words, and as a whole answer, what gobwas/ws's Upgrader objects to.
var refusals = map[error]refusal{
	ws.ErrHandshakeBadProtocol: {505, "", "a WebSocket begins with HTTP/1.1: end the request line with that version"},
	ws.ErrHandshakeBadMethod:   {405, "Allow: GET\r\n", "a WebSocket begins with the method GET"},
	ws.ErrHandshakeBadHost:     {400, "", "the header Host is missing: send it once, with the server's name"},
	ws.ErrHandshakeBadUpgrade:  {400, "", `a WebSocket begins with the header "Upgrade: websocket"`},
	ws.ErrHandshakeBadConnection: {
		400, "", `a WebSocket begins with the header "Connection: Upgrade"; a proxy on the way may have dropped it`,
	},
	ws.ErrHandshakeBadSecVersion: {400, versionField, `the header Sec-WebSocket-Version is missing: send "Sec-WebSocket-Version: 13"`},
	ws.ErrHandshakeBadSecKey: {
		400, "", "the header Sec-WebSocket-Key is missing or wrong: send 16 random bytes in base64, which are 24 characters",
	},
	// An Upgrade field wants to be named by Connection (RFC 9110 section 7.8).
	ws.ErrHandshakeUpgradeRequired: {
		426, "Upgrade: websocket\r\n" + versionField, `this version of WebSocket is not spoken here: send "Sec-WebSocket-Version: 13"`,
	},
}

// malformed answers a head that could not even be read.
var malformed = refusal{400, "", "malformed HTTP request: send a request line, then lines of the form Name: value, then an empty line"}

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
