package client

import (
	"context"
	"errors"
	"time"

	"github.com/coder/websocket"
)

// tail's WebSocket is coder/websocket and not package engine/websocket, whose
// frames belong to an event loop: a client wants TLS, proxies and the
// platforms that net/http has, and coder/websocket adds RFC 6455 to it without
// dependencies of its own.

// maxFrame bounds one message from the server.
const maxFrame = 64 << 20

type wsSocket struct{ conn *websocket.Conn }

func (t Target) dialSocket(ctx context.Context, url string) (socket, error) {
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: t.httpClient()}) //nolint:bodyclose // Dial's documentation: there is none to close
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(maxFrame)
	return wsSocket{conn}, nil
}

func (w wsSocket) Read(ctx context.Context) ([]byte, error) {
	_, b, err := w.conn.Read(ctx)
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		return nil, &closedError{int(closed.Code), closed.Reason}
	}
	return b, err
}

func (w wsSocket) Write(ctx context.Context, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, pongTimeout)
	defer cancel()
	return w.conn.Write(ctx, websocket.MessageText, frame)
}

// Close says goodbye when the peer still listens; it waits a moment at most.
func (w wsSocket) Close() {
	const patience = time.Second
	timer := time.AfterFunc(patience, func() { _ = w.conn.CloseNow() })
	defer timer.Stop()
	_ = w.conn.Close(websocket.StatusNormalClosure, "")
}
