//go:build e2e

package hostile

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"fanfare/engine/websocket"
)

// mask hides frames from nobody: the RFC only wants that they are masked.
var mask = [4]byte{0x12, 0x34, 0x56, 0x78}

const maxFrame = 16 * mib // from the server

// peer is one TCP connection to the server, with as much WebSocket on it as an attack needs. Only one goroutine may read, and
// one write.
type peer struct {
	*net.TCPConn

	secure   *tls.Conn // nil: nothing is sealed
	frames   websocket.Reader
	buf      []byte // where frames lie
	have     []byte // the part of buf that is read and not used
	socketID string
}

// dial opens a connection and says nothing.
func (s *server) dial() (*peer, error) {
	c, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", err)
	}
	p := &peer{TCPConn: c.(*net.TCPConn)}
	return p, p.SetDeadline(time.Now().Add(2 * patience))
}

// dialTLS opens a connection to the TLS port and says nothing.
func (s *server) dialTLS() (*peer, error) {
	plain := *s
	plain.addr = s.TLS
	return plain.dial()
}

// Read and Write take and give what is inside, where the peer speaks TLS.

func (p *peer) Read(b []byte) (int, error) {
	if p.secure != nil {
		return p.secure.Read(b)
	}
	return p.TCPConn.Read(b)
}

func (p *peer) Write(b []byte) (int, error) {
	if p.secure != nil {
		return p.secure.Write(b)
	}
	return p.TCPConn.Write(b)
}

// connect opens a session of an app, by TLS where there is some.
func (s *server) connect(a *app) (*peer, error) {
	dial := s.dial
	if s.TLS != "" {
		dial = s.dialTLS
	}
	p, err := dial()
	if err != nil {
		return nil, err
	}
	if s.TLS != "" {
		p.secure = tls.Client(p.TCPConn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is not the certificate that is tried
	}
	if err := p.upgrade(a); err != nil {
		p.Close()
		return nil, fmt.Errorf("cannot connect to app %s: %w", a.id, err)
	}
	return p, nil
}

func (p *peer) upgrade(a *app) error {
	if _, err := io.WriteString(p, upgradeHead(a)+"\r\n"); err != nil {
		return err
	}
	answer, err := p.answer()
	if err != nil {
		return err
	}
	if answer.status != http.StatusSwitchingProtocols {
		return fmt.Errorf("the upgrade was answered with %d %s", answer.status, answer.body)
	}
	hello, err := p.event()
	if err != nil {
		return err
	}
	var data struct {
		SocketID string `json:"socket_id"`
	}
	if err := json.Unmarshal([]byte(hello.text()), &data); err != nil || data.SocketID == "" {
		return fmt.Errorf("no hello but %+v", hello)
	}
	p.socketID = data.SocketID
	return nil
}

// upgradeHead is the head of an upgrade, less the blank line that ends it.
func upgradeHead(a *app) string {
	return "GET /app/" + a.key + "?protocol=7&client=hostile&version=1.0 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" +
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
}

// answer is what the server says to an HTTP request.
type answer struct {
	status int
	body   []byte
}

// answer reads an HTTP answer. What follows it stays for the next read.
func (p *peer) answer() (answer, error) {
	in := bufio.NewReaderSize(io.MultiReader(&taken{p}, p), 4*kib)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return answer{}, fmt.Errorf("no HTTP answer: %w", err)
	}
	defer response.Body.Close() // which is nothing after a 101
	a := answer{status: response.StatusCode}
	if a.status != http.StatusSwitchingProtocols {
		if a.body, err = io.ReadAll(response.Body); err != nil {
			return a, fmt.Errorf("half an HTTP answer: %w", err)
		}
	}
	rest, _ := in.Peek(in.Buffered()) // that many are there
	p.have = append(p.have[:0], rest...)
	return a, nil
}

// taken reads what a peer has read already and not used.
type taken struct{ *peer }

func (t *taken) Read(b []byte) (int, error) {
	n := copy(b, t.have)
	if t.have = t.have[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// next reads one message or control frame. It is borrowed until the next call.
func (p *peer) next() (websocket.Message, error) {
	var m websocket.Message
	for {
		n, need, ok, err := p.frames.NextFromServer(p.have, maxFrame, &m)
		if err != nil {
			return m, err
		}
		if p.have = p.have[n:]; ok {
			return m, nil
		}
		if n == 0 {
			if err := p.fill(need); err != nil {
				return m, err
			}
		}
	}
}

// fill makes room for a frame of need bytes and takes what has come.
func (p *peer) fill(need int) error {
	if size := max(need, 4*kib); cap(p.buf) < size {
		p.buf = make([]byte, size)
	}
	n := copy(p.buf[:cap(p.buf)], p.have)
	got, err := p.Read(p.buf[n:cap(p.buf)])
	p.have = p.buf[:n+got]
	if got > 0 {
		return nil
	}
	return err
}

// event is a frame of the Pusher protocol.
type event struct {
	Event, Channel string
	Data           json.RawMessage
	UserID         string `json:"user_id"`
}

// text is data that is a JSON string, decoded; other data as it is.
func (e *event) text() string {
	var s string
	if json.Unmarshal(e.Data, &s) == nil {
		return s
	}
	return string(e.Data)
}

// event reads the next Pusher frame, past pings.
func (p *peer) event() (*event, error) {
	for {
		m, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case m.Op == websocket.Close:
			return nil, fmt.Errorf("closed with %d: %s", m.Code, m.Reason)
		case m.Op != websocket.Text:
			continue
		}
		e := new(event)
		if err := json.Unmarshal(m.Payload, e); err != nil {
			return nil, fmt.Errorf("the server sent %.200q: %w", m.Payload, err)
		}
		return e, nil
	}
}

// say sends text messages in one piece.
func (p *peer) say(messages ...string) error {
	var b []byte
	for _, m := range messages {
		b = websocket.AppendMasked(b, websocket.Text, true, []byte(m), mask)
	}
	_, err := p.Write(b)
	return err
}

// farewell reads up to the end and tells the code of the close frame, 0 when there was none. It answers the close frame, as
// clients do.
func (p *peer) farewell() (code uint16, err error) {
	for {
		m, err := p.next()
		switch {
		case errors.Is(err, io.EOF):
			return code, nil
		case err != nil:
			return code, err
		case m.Op == websocket.Close:
			code = m.Code
			reply := websocket.AppendMasked(nil, websocket.Close, true, m.Payload, mask)
			if _, err := p.Write(reply); err != nil {
				return code, nil //nolint:nilerr // the code has come; that our answer came too late is no fault
			}
		}
	}
}
