package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"fanfare/channels/apps"
	"fanfare/engine/websocket"
	"fanfare/protocol/pusher/auth"
)

var churnSigner = auth.NewSigner(apps.DefaultKey, apps.DefaultSecret)

var churnMask = [4]byte{0xde, 0xad, 0xbe, 0xef}

// churner is one connection of the churn.
type churner struct {
	*net.TCPConn
	*rand.Rand

	churn  *churn
	id     string // socket id
	frames websocket.Reader
	have   []byte // read and not used
}

// dial connects and asks for the upgrade, without waiting for it.
func (c *churn) dial() (*churner, error) {
	conn, err := net.DialTimeout("tcp", c.node.Addrs[0], churnPatience)
	if err != nil {
		return nil, err
	}
	p := &churner{TCPConn: conn.(*net.TCPConn), churn: c}
	if err := p.SetDeadline(time.Now().Add(churnPatience)); err != nil {
		return nil, err
	}
	_, err = io.WriteString(p, "GET /app/"+apps.DefaultKey+"?protocol=7 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	return p, err
}

// connect opens a session.
func (c *churn) connect() (*churner, error) {
	p, err := c.dial()
	if err != nil {
		return nil, err
	}
	for !bytes.Contains(p.have, []byte("\r\n\r\n")) {
		if err := p.more(); err != nil {
			return nil, fmt.Errorf("no answer to the upgrade: %w", err)
		}
	}
	head, rest, _ := bytes.Cut(p.have, []byte("\r\n\r\n"))
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		return nil, fmt.Errorf("the upgrade was answered with %q", head)
	}
	p.have = rest
	e, err := p.event()
	if err != nil {
		return nil, fmt.Errorf("no hello: %w", err)
	}
	var hello struct {
		SocketID string `json:"socket_id"`
	}
	if err := json.Unmarshal([]byte(e.Data), &hello); err != nil {
		return nil, fmt.Errorf("the hello is %+v: %w", e, err)
	}
	p.id = hello.SocketID
	return p, nil
}

// more reads what has come, or waits for it.
func (p *churner) more() error {
	room := make([]byte, 4096)
	n, err := p.Read(room)
	p.have = append(p.have, room[:n]...)
	if n > 0 {
		return nil
	}
	return err
}

type churnEvent struct {
	Event, Channel, Data string
}

// UnmarshalJSON takes data of any type: errors have an object.
func (e *churnEvent) UnmarshalJSON(b []byte) error {
	var f struct {
		Event, Channel string
		Data           json.RawMessage
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	e.Event, e.Channel = f.Event, f.Channel
	if json.Unmarshal(f.Data, &e.Data) != nil {
		e.Data = string(f.Data)
	}
	return nil
}

// event reads the next event.
func (p *churner) event() (e churnEvent, err error) {
	var m websocket.Message
	for {
		n, _, ok, err := p.frames.NextFromServer(p.have, 1<<20, &m)
		if err != nil {
			return e, err
		}
		p.have = p.have[n:]
		switch {
		case ok && m.Op == websocket.Text:
			return e, json.Unmarshal(m.Payload, &e)
		case ok && m.Op == websocket.Close:
			return e, fmt.Errorf("closed with %d: %s", m.Code, m.Reason)
		case n > 0:
			continue
		}
		if err := p.more(); err != nil {
			return e, err
		}
	}
}

func (p *churner) text(messages ...string) error {
	var b []byte
	for _, m := range messages {
		b = websocket.AppendMasked(b, websocket.Text, true, []byte(m), churnMask)
	}
	_, err := p.Write(b)
	return err
}

// subscribe is the command that subscribes to a channel, as user on presence channels.
func (p *churner) subscribe(channel, user string) string {
	data := map[string]string{"channel": channel}
	switch {
	case strings.HasPrefix(channel, "presence-"):
		data["channel_data"] = `{"user_id":"` + user + `"}`
		data["auth"] = churnSigner.Token(p.id, channel, data["channel_data"])
	case strings.HasPrefix(channel, "private-"):
		data["auth"] = churnSigner.Token(p.id, channel)
	}
	b, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": data})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// live is the life of connection n: what it does depends on the seed and n alone.
func (c *churn) live(n uint64) error {
	random := rand.New(rand.NewPCG(c.seed, n))
	if random.IntN(20) == 0 {
		p, err := c.dial() // and gone before the upgrade is answered
		if err != nil {
			return err
		}
		return p.reset()
	}
	p, err := c.connect()
	if err != nil {
		return err
	}
	p.Rand = random
	for range 1 + p.IntN(8) {
		if err := p.act(); err != nil {
			p.Close()
			return err
		}
	}
	return p.vanish()
}

func (p *churner) channel() string {
	kind := []string{"", "private-", "presence-"}[p.IntN(3)]
	return fmt.Sprint(kind, "churn-", p.IntN(churnRooms))
}

func (p *churner) user() string { return fmt.Sprint("user-", p.IntN(churnUsers)) }

// act does the next thing.
func (p *churner) act() error {
	switch p.IntN(10) {
	case 0:
		return p.publish()
	case 1:
		return p.catchUp()
	case 2:
		return p.churn.call(http.MethodGet, "/apps/app-id/channels/presence-churn-0/users", nil)
	default:
		commands := make([]string, 1+p.IntN(6))
		for i := range commands {
			commands[i] = p.command()
		}
		return p.text(commands...)
	}
}

func (p *churner) command() string {
	channel := p.channel()
	switch p.IntN(6) {
	case 0:
		return `{"event":"pusher:unsubscribe","data":{"channel":"` + channel + `"}}`
	case 1:
		return `{"event":"client-churn","channel":"` + channel + `","data":{"from":"` + p.id + `"}}`
	case 2:
		return strings.Replace(p.subscribe(channel, p.user()), `"auth":"`, `"auth":"x`, 1) // a wrong signature
	}
	return p.subscribe(channel, p.user())
}

// publish sends an event through the HTTP API, to others than itself.
func (p *churner) publish() error {
	body := fmt.Sprintf(`{"name":"churn","channels":[%q,%q],"data":"{}","socket_id":%q}`, p.channel(), p.channel(), p.id)
	return p.churn.call(http.MethodPost, "/apps/app-id/events", []byte(body))
}

// catchUp reads everything up to the pong of a ping.
func (p *churner) catchUp() error {
	if err := p.text(`{"event":"pusher:ping","data":{}}`); err != nil {
		return err
	}
	for {
		switch e, err := p.event(); {
		case err != nil:
			return fmt.Errorf("before the pong: %w", err)
		case e.Event == "pusher:pong":
			return nil
		}
	}
}

// call sends a signed request and wants a 200.
func (c *churn) call(method, path string, body []byte) error {
	query := churnSigner.SignRequest(method, path, nil, body, time.Now())
	request, err := http.NewRequest(method, "http://"+c.node.Addrs[0]+path+"?"+query, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s was answered with %s: %s", method, path, answer.Status, text)
	}
	return err
}

// vanish ends the connection in one of the ways in which connections end.
func (p *churner) vanish() error {
	defer p.Close()
	switch p.IntN(5) {
	case 0: // a phone in a tunnel, noticed: RST, with commands still to be done
		return errors.Join(p.text(p.subscribe("private-churn-0", ""), p.subscribe("presence-churn-0", p.user())), p.reset())
	case 1: // in the middle of a frame
		frame := websocket.AppendMasked(nil, websocket.Text, true, []byte(p.command()), churnMask)
		_, err := p.Write(frame[:p.IntN(len(frame))])
		return errors.Join(err, p.reset())
	case 2: // a killed program: FIN, everything unread
		return p.text(p.command())
	case 3: // half-closed: what the server still has to say may be read
		return errors.Join(p.text(p.command()), p.CloseWrite(), p.drain())
	default: // the closing handshake
		_, err := p.Write(websocket.AppendMasked(nil, websocket.Close, true, []byte{0x03, 0xe8}, churnMask))
		return errors.Join(err, p.drain())
	}
}

func (p *churner) reset() error { return errors.Join(p.SetLinger(0), p.Close()) }

// drain reads up to the end.
func (p *churner) drain() error {
	_, err := io.Copy(io.Discard, p.TCPConn)
	if errors.Is(err, syscall.ECONNRESET) {
		return nil // the server had unread commands
	}
	return err
}
