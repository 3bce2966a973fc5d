package wire

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6455 fixes SHA-1 for the handshake
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrQuiet is returned by [Conn.ReadUntil] when nothing arrived in time. The
// connection stays usable.
var ErrQuiet = errors.New("nothing arrived")

// StatusError is the answer of a server that did not upgrade.
type StatusError struct{ Status int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("upgrade answered with HTTP status %d, want 101", e.Status)
}

// Conn is one WebSocket connection. Every read ends at the deadline of the
// context that it was dialled with.
type Conn struct {
	// Header is the header of the 101 answer.
	Header http.Header

	tcp      *net.TCPConn
	r        *bufio.Reader
	deadline time.Time
	partial  []byte // text of a fragmented message so far
	inside   bool   // whether a fragmented message is open
}

// Dial connects to addr ("host:port") and upgrades on target, the raw request
// target with its query. Each header is a complete line, "Name: value". The
// context must have a deadline.
func Dial(ctx context.Context, addr, target string, headers ...string) (*Conn, error) {
	tcp, err := dialTCP(ctx, addr)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	c := &Conn{tcp: tcp, r: bufio.NewReader(tcp), deadline: deadline}
	if err := c.upgrade(addr, target, headers); err != nil {
		_ = tcp.Close()
		return nil, err
	}
	return c, nil
}

func dialTCP(ctx context.Context, addr string) (*net.TCPConn, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil, errors.New("dial needs a context with a deadline")
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(deadline); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

func (c *Conn) upgrade(addr, target string, headers []string) error {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	key := base64.StdEncoding.EncodeToString(nonce[:])
	lines := append([]string{
		"GET " + target + " HTTP/1.1",
		"Host: " + addr,
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: " + key,
	}, headers...)
	if _, err := c.tcp.Write([]byte(strings.Join(lines, "\r\n") + "\r\n\r\n")); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.r, nil) //nolint:bodyclose // 101 has no body, and any other answer ends the connection
	if err != nil {
		return fmt.Errorf("cannot read the answer to the upgrade: %w", err)
	}
	c.Header = resp.Header
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return &StatusError{Status: resp.StatusCode}
	}
	return checkUpgrade(resp.Header, key)
}

// checkUpgrade holds the answer to RFC 6455, section 4.2.2.
func checkUpgrade(h http.Header, key string) error {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see the import
	want := base64.StdEncoding.EncodeToString(sum[:])
	if got := h.Get("Sec-WebSocket-Accept"); got != want {
		return fmt.Errorf("Sec-WebSocket-Accept is %q, want %q", got, want)
	}
	if got := h.Get("Upgrade"); !strings.EqualFold(got, "websocket") {
		return fmt.Errorf("header Upgrade is %q, want websocket", got)
	}
	if got := textproto.TrimString(h.Get("Connection")); !strings.EqualFold(got, "upgrade") {
		return fmt.Errorf("header Connection is %q, want Upgrade", got)
	}
	if got := h.Get("Sec-WebSocket-Extensions"); got != "" {
		return fmt.Errorf("extension %q was not offered", got)
	}
	return nil
}

// Write sends bytes as they are, in one write: several frames, or a broken one.
func (c *Conn) Write(p []byte) error {
	_, err := c.tcp.Write(p)
	return err
}

// Send sends one frame.
func (c *Conn) Send(op byte, payload []byte) error {
	return c.Write(AppendFrame(nil, op, payload))
}

// Read returns the next control frame or complete text message.
func (c *Conn) Read() (Frame, error) {
	for {
		f, err := ReadFrame(c.r)
		if err != nil {
			return Frame{}, err
		}
		if done, err := c.assemble(&f); done || err != nil {
			return f, err
		}
	}
}

// ReadUntil is Read, but returns [ErrQuiet] when no frame began before t.
func (c *Conn) ReadUntil(t time.Time) (Frame, error) {
	if err := c.tcp.SetReadDeadline(t); err != nil {
		return Frame{}, err
	}
	_, err := c.r.Peek(1)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return Frame{}, errors.Join(ErrQuiet, c.tcp.SetReadDeadline(c.deadline))
	}
	if err := c.tcp.SetReadDeadline(c.deadline); err != nil {
		return Frame{}, err
	}
	return c.Read()
}

// assemble puts fragments together. It reports whether f is now complete.
func (c *Conn) assemble(f *Frame) (bool, error) {
	switch {
	case f.Op >= OpClose:
		return true, nil
	case f.Op == OpBinary:
		return false, errors.New("binary frame: the protocol has text frames only")
	case (f.Op == OpContinuation) != c.inside:
		return false, fmt.Errorf("opcode %#x out of sequence in a fragmented message", f.Op)
	}
	c.partial = append(c.partial, f.Payload...)
	c.inside = !f.Fin
	if c.inside {
		return false, nil
	}
	f.Op, f.Payload, c.partial = OpText, c.partial, nil
	if !utf8.Valid(f.Payload) {
		return false, fmt.Errorf("text message is not UTF-8: %q", f.Payload)
	}
	return true, nil
}

// Close ends the TCP connection with a FIN and without a close frame, as a
// client does whose process ended.
func (c *Conn) Close() error { return c.tcp.Close() }

// Reset ends the TCP connection with a RST, as a client does whose machine
// lost its state.
func (c *Conn) Reset() error {
	if err := c.tcp.SetLinger(0); err != nil {
		return err
	}
	return c.tcp.Close()
}
