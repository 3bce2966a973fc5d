package api

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanfare/engine/enginetest"
)

// session is the far end of a Pusher connection.
type session struct {
	*world
	peer *enginetest.Peer
	id   string // socket id
}

// room is the channel that all sessions are on.
const room = "project-3"

// connect opens a session of the app with that key and puts it on the channel.
func (w *world) connect(key string) *session {
	w.Helper()
	s := &session{world: w, peer: w.loop.Dial()}
	s.peer.Write(fmt.Appendf(nil, "GET /app/%s?protocol=7 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", key))
	_, hello, _ := strings.Cut(string(s.peer.Received()), "\r\n\r\n")
	var data struct {
		SocketID string `json:"socket_id"`
	}
	text := s.frames([]byte(hello))[0]
	var f struct{ Data string }
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		w.Fatalf("%s: %v", text, err)
	}
	if err := json.Unmarshal([]byte(f.Data), &data); err != nil || data.SocketID == "" {
		w.Fatalf("%s: %v", text, err)
	}
	s.id = data.SocketID
	s.write(`{"event":"pusher:subscribe","data":{"channel":"` + room + `"}}`)
	s.received(`{"event":"pusher_internal:subscription_succeeded","channel":"` + room + `","data":"{}"}`)
	return s
}

// write sends a short message, masked with zeros.
func (s *session) write(text string) {
	s.peer.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...))
}

// received checks what has come since the last look.
func (s *session) received(want ...string) {
	s.Helper()
	if diff := cmp.Diff(want, s.frames(s.peer.Received())); diff != "" {
		s.Errorf("received (-want +got):\n%s", diff)
	}
}

// frames takes text frames apart.
func (s *session) frames(b []byte) []string {
	s.Helper()
	var all []string
	for len(b) > 0 {
		if b[0] != 0x81 || b[1] > 126 {
			s.Fatalf("not a text frame: %x", b)
		}
		size, at := int(b[1]), 2
		if size == 126 {
			size, at = int(binary.BigEndian.Uint16(b[2:])), 4
		}
		all = append(all, string(b[at:at+size]))
		b = b[at+size:]
	}
	return all
}

// delivered is event foo as a subscriber sees it.
func delivered(data string) string {
	return fmt.Sprintf(`{"event":"foo","channel":%q,"data":%q}`, room, data)
}

func withSockets(s *setup) { s.sockets = true }

// Sixteen publishes in one read of a loop are one send to each subscriber.
func TestCork(t *testing.T) {
	const clients, publishes = 100, 16
	w := newWorld(t, withSockets)
	sessions := make([]*session, clients)
	for i := range sessions {
		sessions[i] = w.connect(testKey)
	}
	var requests []byte
	want := make([]string, publishes)
	for i := range want {
		data := fmt.Sprintf("number %d", i)
		requests = append(requests, w.signed("POST", "/apps/3/events", body("foo", data, room))...)
		want[i] = delivered(data)
	}

	sends := w.loop.Sends()
	w.peer.Write(requests)
	const toPublisher = 1 // its answers are corked too
	if n := w.loop.Sends() - sends; n != clients+toPublisher {
		t.Errorf("%d sends, want one for each of %d subscribers and %d for the publisher", n, clients, toPublisher)
	}
	answers := w.answers("POST")
	if len(answers) != publishes {
		t.Errorf("%d answers", len(answers))
	}
	for _, a := range answers {
		w.is(a, "{}")
	}
	for _, s := range sessions {
		s.received(want...)
	}
}

// The session whose id is given gets nothing, whoever else does.
func TestExceptSession(t *testing.T) {
	w := newWorld(t, withSockets)
	sender, other := w.connect(testKey), w.connect(testKey)
	publish := func(id string) {
		t.Helper()
		w.is(w.post("events", encode(map[string]string{"name": "foo", "data": "bar", "channel": room, "socket_id": id})), "{}")
	}
	publish(sender.id)
	sender.received()
	other.received(delivered("bar"))
	publish(other.id)
	sender.received(delivered("bar"))
	other.received()
	other.peer.Hangup()
	publish(other.id) // nobody's any more
	sender.received(delivered("bar"))
}

// A channel of one app is not the channel of that name of another.
func TestAppsAreApart(t *testing.T) {
	w := newWorld(t, withSockets)
	ours, theirs := w.connect(testKey), w.connect("other-key")
	w.is(w.post("events", body("foo", "bar", room)), "{}")
	ours.received(delivered("bar"))
	theirs.received()
	// Nor does an app exclude, or reach, the other's session by its id.
	w.is(w.post("events", encode(map[string]string{"name": "foo", "data": "bar", "channel": room, "socket_id": theirs.id})), "{}")
	ours.received(delivered("bar"))
	theirs.received()
}
