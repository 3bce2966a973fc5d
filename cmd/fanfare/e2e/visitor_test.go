//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// visitor is a client in Go, which reads when it is told to and not before, and whose socket can be torn.
type visitor struct {
	*websocket.Conn

	socket   *tornConn
	socketID string
}

// spoken is what a server says to a client.
type spoken struct {
	Event   string
	Channel string
	Data    json.RawMessage
}

// visit opens a session. config is for TLS; nil: none. The URL's host is where to connect to.
func visit(t *testing.T, url string, config *tls.Config) *visitor {
	t.Helper()
	v := &visitor{}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		v.socket = &tornConn{Conn: c}
		if err := c.(*net.TCPConn).SetReadBuffer(256 << 10); err != nil { // so that what nobody reads waits with the server
			return nil, errors.Join(err, c.Close())
		}
		if config == nil {
			return v.socket, nil
		}
		secure := tls.Client(v.socket, config)
		return secure, secure.HandshakeContext(ctx)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DialTLSContext: dial}}
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client}) //nolint:bodyclose // nothing is left of the body once Dial has succeeded
	if err != nil {
		t.Fatalf("cannot connect to %s: %v", url, err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(-1)
	v.Conn = conn
	var hello struct {
		SocketID string `json:"socket_id"`
	}
	if err := json.Unmarshal([]byte(v.hears(t, "pusher:connection_established").text()), &hello); err != nil {
		t.Fatal(err)
	}
	v.socketID = hello.SocketID
	return v
}

// says sends a message.
func (v *visitor) says(t *testing.T, event string, rest args) {
	t.Helper()
	message := args{"event": event}
	maps.Copy(message, rest)
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := v.Write(ctx, websocket.MessageText, text); err != nil {
		t.Fatalf("cannot send %s: %v", event, err)
	}
}

// hears wants this event next.
func (v *visitor) hears(t *testing.T, event string) spoken {
	t.Helper()
	got := v.next(t)
	if got.Event != event {
		t.Fatalf("instead of %s came %.200s", event, got)
	}
	return got
}

// next is whatever comes next.
func (v *visitor) next(t *testing.T) (got spoken) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, text, err := v.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatalf("nothing more came: %v", err)
	}
	return got
}

// joins subscribes to a channel that needs no signature.
func (v *visitor) joins(t *testing.T, channel string) {
	t.Helper()
	v.says(t, "pusher:subscribe", args{"data": args{"channel": channel}})
	if got := v.hears(t, "pusher_internal:subscription_succeeded"); got.Channel != channel {
		t.Fatalf("subscribed to %s instead of %s", got.Channel, channel)
	}
}

// text is the data where that is a string.
func (s spoken) text() (text string) {
	if json.Unmarshal(s.Data, &text) != nil {
		return string(s.Data)
	}
	return text
}

// tornConn is a socket that can be told to keep half of what is written for later.
type tornConn struct {
	net.Conn

	mu   sync.Mutex
	torn chan struct{} // guarded by mu; closed when half is out. nil: it is whole
	rest []byte        // guarded by mu
}

// tear has the next words come half, until mend. The channel is closed when that half is on its way.
func (c *tornConn) tear() (half <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.torn = make(chan struct{})
	return c.torn
}

// mend sends what was kept back.
func (c *tornConn) mend() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.torn = nil
	_, err := c.Conn.Write(c.rest)
	c.rest = nil
	return err
}

// Write implements net.Conn.
func (c *tornConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.torn == nil {
		return c.Conn.Write(p)
	}
	if len(c.rest) > 0 { // its first half is out
		c.rest = append(c.rest, p...)
		return len(p), nil
	}
	defer close(c.torn)
	half := (len(p) + 1) / 2
	c.rest = append(c.rest, p[half:]...)
	_, err := c.Conn.Write(p[:half])
	return len(p), err
}

// large is data of so many bytes.
func large(n int) string { return strings.Repeat("x", n) }
