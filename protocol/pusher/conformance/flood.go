package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// flood publishes one event again and again. It is not bound to the goroutine
// of a check.
type flood struct {
	addr    string
	request func() wire.Request // signed anew each time
	quit    chan struct{}       // closed to end it
}

// errEnded is a connection that has served a request and serves no more.
var errEnded = errors.New("the server ended the connection")

// flood publishes to channel without a pause until the returned function is
// called, which fails the check when publishing had stopped before. Then the
// listener is disconnected at once: nothing will come that it could wait for.
func (t *T) flood(channel string, listener *client) (stop func()) {
	app := t.apps[mainApp]
	r := wire.Request{Method: http.MethodPost, Path: "/apps/" + app.ID + "/events", Body: encode(eventBody("flood", "{}", channel))}
	f := flood{addr: t.addr, request: func() wire.Request { return app.Authenticate(r, time.Now()) }, quit: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		err := f.run(t.ctx)
		if err != nil {
			_ = listener.conn.Close()
		}
		done <- err
	}()
	return func() {
		close(f.quit)
		if err := <-done; err != nil && !isTimeout(err) { // the check's own end, which is told already
			t.fatalf("publishing to %s stopped: %v", channel, err)
		}
	}
}

// run publishes until quit is closed, and returns why it had to stop before
// that. It keeps a connection as long as the server does.
func (f flood) run(ctx context.Context) error {
	for {
		conn, err := wire.DialHTTP(ctx, f.addr)
		if err != nil {
			return err
		}
		err = f.use(conn)
		_ = conn.Close()
		if !errors.Is(err, errEnded) {
			return err
		}
	}
}

// use publishes on one connection until quit is closed.
func (f flood) use(conn *wire.HTTPConn) error {
	for served := 0; ; served++ {
		select {
		case <-f.quit:
			return nil
		default:
		}
		resp, err := conn.Do(f.request())
		switch {
		case err != nil && served > 0 && !isTimeout(err):
			return errEnded
		case err != nil:
			return err
		case resp.Status != http.StatusOK:
			return fmt.Errorf("status %d with body %q", resp.Status, resp.Body)
		case resp.Header.Get("Connection") == "close":
			return errEnded
		}
	}
}
