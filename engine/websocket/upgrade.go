package websocket

import (
	"fmt"
	"io"
	"sync"

	"github.com/gobwas/ws"
)

// Upgrade lets gobwas/ws's Upgrader judge the opening handshake in head (RFC 6455 section 4.2) and appends the whole
// answer to dst: the Upgrader's 101, or an HTTP error of ours that says what would be right. After a 101 the connection
// speaks WebSocket; err is non-nil when the answer is a refusal, after which the connection should be closed.
//
// head is the request line and header lines with the empty line that ends them, and no byte more: bytes after it would be
// lost. The caller bounds its size. It is not changed. No subprotocol is selected and no extension negotiated, so
// permessage-deflate is declined by not being named.
func Upgrade(dst, head []byte) ([]byte, error) {
	x := exchanges.Get().(*exchange)
	x.in, x.out = head, dst
	_, err := ws.Upgrader{}.Upgrade(x)
	answer := x.out
	x.in, x.out = nil, nil
	exchanges.Put(x)
	if err != nil {
		return refusalFor(err).append(dst), fmt.Errorf("cannot upgrade to websocket: %w", err)
	}
	return answer, nil
}

// exchange is the connection that the Upgrader reads and writes: the head, and the answer.
type exchange struct {
	in, out []byte
}

// exchanges saves the allocation of an exchange, which escapes into the Upgrader's interface.
var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// Read gives the bytes of the head, then io.EOF.
func (x *exchange) Read(p []byte) (int, error) {
	if len(x.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, x.in)
	x.in = x.in[n:]
	return n, nil
}

// Write appends to the answer. It never fails.
func (x *exchange) Write(p []byte) (int, error) {
	x.out = append(x.out, p...)
	return len(p), nil
}
