//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gobwas/ws"
)

// ending is what became of a connection that does not answer pings.
type ending struct {
	Pinged time.Duration `json:"pinged_ns"` // from its last word to the server's ping
	Closed time.Duration `json:"closed_ns"` // and to the close frame
	Code   int           `json:"code"`      // the close frame's
}

// check says what the server did too early, too late or not at all.
func (e ending) check(t trial) error {
	const tick = time.Second // the server looks at its clock once a second
	switch {
	case e.Code != 4201:
		return fmt.Errorf("a connection that does not answer pings was closed with %d, not 4201", e.Code)
	case e.Pinged < t.Activity-tick || e.Pinged > t.Activity+t.slack():
		return fmt.Errorf("a silent connection was pinged after %v, not %v", e.Pinged, t.Activity)
	case e.Closed-e.Pinged < t.Pong-tick || e.Closed-e.Pinged > t.Pong+t.slack():
		return fmt.Errorf("a connection that did not answer a ping was closed %v after it, not %v", e.Closed-e.Pinged, t.Pong)
	}
	return nil
}

// listenMutely opens n connections to url that subscribe and then never say a
// word, and returns what became of them when all have been closed.
func listenMutely(ctx context.Context, url string, n int) ([]ending, error) {
	type outcome struct {
		ending
		err error
	}
	outcomes := make(chan outcome, n)
	for range n {
		go func() {
			e, err := listen(ctx, url)
			outcomes <- outcome{e, err}
		}()
	}
	var endings []ending
	for range n {
		o := <-outcomes
		if o.err != nil {
			return endings, fmt.Errorf("a connection that does not answer: %w", o.err)
		}
		endings = append(endings, o.ending)
	}
	return endings, nil
}

func listen(ctx context.Context, url string) (ending, error) {
	c, buffered, _, err := ws.Dial(ctx, url+"?protocol=7")
	if err != nil {
		return ending{}, err
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })() // ends the read
	defer func() { _ = c.Close() }()                         // the server has closed it
	if buffered == nil {
		buffered = bufio.NewReader(c)
	}
	// A channel of its own: the broadcast's deliveries are counted.
	subscribe := []byte(`{"event":"pusher:subscribe","data":{"channel":"mute"}}`)
	if err := ws.WriteFrame(c, ws.MaskFrameInPlace(ws.NewTextFrame(subscribe))); err != nil {
		return ending{}, err
	}
	return awaitClose(buffered)
}

func awaitClose(from io.Reader) (e ending, err error) {
	said := time.Now()
	for {
		op, payload, err := readFrame(from)
		if err != nil {
			return e, err
		}
		switch op {
		case ws.OpPing:
			e.Pinged = time.Since(said)
		case ws.OpClose:
			code, _ := ws.ParseCloseFrameData(payload)
			e.Closed, e.Code = time.Since(said), int(code)
			return e, nil
		}
	}
}

// readFrame reads a frame of a sane size.
func readFrame(from io.Reader) (ws.OpCode, []byte, error) {
	const most = 1 << 20
	h, err := ws.ReadHeader(from)
	if err == nil && h.Length > most {
		err = fmt.Errorf("a frame of %d bytes, want at most %d", h.Length, most)
	}
	if err != nil {
		return 0, nil, err
	}
	payload := make([]byte, h.Length)
	_, err = io.ReadFull(from, payload)
	if h.Masked {
		ws.Cipher(payload, h.Mask, 0)
	}
	return h.OpCode, payload, err
}
