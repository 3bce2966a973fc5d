package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/engine/websocket"
	"fanfare/engine/websocket/cases"

	coder "github.com/coder/websocket"
)

// listen serves the endpoint over TCP and gives its address. It needs no event loop, only sockets: what is tested is that
// real peers understand what this package writes, and that Drive finds its way.
func listen(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		conns.Wait()
	})
	return ln.Addr().String()
}

// serve answers the handshake, then everything else, then reads on until the client has gone, so that no reset eats the
// last frame.
func serve(conn net.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(cases.Patience))
	buf := make([]byte, 16<<10)
	var in []byte
	for !bytes.Contains(in, []byte("\r\n\r\n")) {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		in = append(in, buf[:n]...)
	}
	end := bytes.Index(in, []byte("\r\n\r\n")) + 4
	answer, err := websocket.Upgrade(nil, in[:end])
	if _, werr := conn.Write(answer); err != nil || werr != nil {
		return
	}
	e := endpoint{limit: cases.LargestMessage}
	for piece := in[end:]; !e.closed; {
		e.feed(piece)
		if _, err := conn.Write(e.out); err != nil {
			return
		}
		e.out = e.out[:0]
		if e.closed {
			break
		}
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		piece = buf[:n]
	}
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, conn)
}

// dial connects and does the handshake by hand.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, browserHead); err != nil {
		t.Fatal(err)
	}
	rd := bufio.NewReader(conn)
	resp, err := http.ReadResponse(rd, nil)
	if err == nil {
		defer resp.Body.Close()
	}
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols || rd.Buffered() != 0 {
		t.Fatalf("handshake: %v, %v, %d bytes after it", resp, err, rd.Buffered())
	}
	return conn
}

// TestDrive drives the cases over TCP, so that Drive is known to work before a real server is held against it.
func TestDrive(t *testing.T) {
	addr := listen(t)
	for i, c := range cases.All() {
		split := cases.Random(uint64(i))
		if i%4 == 0 && len(c.Send) < 1000 {
			split = cases.Octets
		}
		conn := dial(t, addr)
		if err := cases.Drive(conn, c, split); err != nil {
			t.Error(err)
		}
		conn.Close()
	}
}

// TestDriveTellsFaults gives Drive a case that no right server can meet.
func TestDriveTellsFaults(t *testing.T) {
	c := cases.All()[0]
	c.Want = append([]cases.Want{{Op: websocket.Text, Payload: []byte("never sent")}}, c.Want...)
	if err := cases.Drive(dial(t, listen(t)), c, cases.Whole); err == nil {
		t.Error("Drive accepts an answer that the case does not want")
	}
}

// TestCoder talks with coder/websocket's client, which offers permessage-deflate and fragments nothing.
func TestCoder(t *testing.T) {
	ctx := t.Context()
	conn, resp, err := coder.Dial(ctx, "ws://"+listen(t)+"/app/key", &coder.DialOptions{ //nolint:bodyclose // a 101 has no body
		CompressionMode: coder.CompressionContextTakeover,
		Subprotocols:    []string{"chat"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	if ext := resp.Header.Get("Sec-WebSocket-Extensions"); ext != "" || conn.Subprotocol() != "" {
		t.Errorf("negotiated %q, %q", ext, conn.Subprotocol())
	}
	for _, length := range []int{0, 1, 125, 126, 65535, 65536} {
		echoed(ctx, t, conn, strings.Repeat("x", length))
	}
	go func() { conn.Read(ctx) }() // reads the pong
	if err := conn.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func echoed(ctx context.Context, t *testing.T, conn *coder.Conn, text string) {
	t.Helper()
	if err := conn.Write(ctx, coder.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
	op, got, err := conn.Read(ctx)
	if err != nil || op != coder.MessageText || string(got) != text {
		t.Fatalf("text of %d bytes: got %v of %d bytes, %v", len(text), op, len(got), err)
	}
}

// TestCoderCloses checks that the client sees our codes: the echo of its own, and those of a refusal.
func TestCoderCloses(t *testing.T) {
	addr := listen(t)
	open := func() *coder.Conn {
		conn, _, err := coder.Dial(t.Context(), "ws://"+addr, nil) //nolint:bodyclose // a 101 has no body
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.CloseNow() })
		return conn
	}
	if err := open().Close(4321, "bye"); err != nil {
		t.Errorf("closing handshake: %v", err)
	}
	refused := func(op coder.MessageType, payload []byte, want coder.StatusCode) {
		t.Helper()
		conn := open()
		conn.Write(t.Context(), op, payload)
		_, _, err := conn.Read(t.Context())
		if closed, _ := errors.AsType[coder.CloseError](err); closed.Code != want || closed.Reason == "" {
			t.Errorf("%v, want a close with %d and a reason", err, want)
		}
	}
	refused(coder.MessageBinary, []byte("binary"), 1003)
	refused(coder.MessageText, []byte("\xFF"), 1007)
	refused(coder.MessageText, make([]byte, cases.LargestMessage+1), 1009)
}
