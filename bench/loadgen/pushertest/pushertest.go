// Package pushertest is a plain Pusher server for the tests of the load
// generator: net/http and a goroutine for each connection, nothing shared with
// Fanfare's engine, and its own count of what it sent. It can be told to lose,
// repeat or swap messages, so that the tests see the generator notice.
package pushertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanfare/bench/loadgen"
	"fanfare/protocol/pusher/auth"
)

// The credentials of the one app.
const (
	appID  = "app-id"
	key    = "app-key"
	secret = "app-secret"
)

// Server is a running one.
type Server struct {
	t      *testing.T
	http   *httptest.Server
	signer *auth.Signer
	tamper Tamper

	mu    sync.Mutex
	conns map[string][]*conn        // by channel
	users map[string]map[string]int // by presence channel and user id: connections
	seen  int                       // subscribers
	count Count
	slow  Slow
}

// Cut ends all HTTP connections, also those with a request under way.
func (s *Server) Cut() { s.http.CloseClientConnections() }

// Tamper is asked for every delivery, one at a time, with the subscriber's
// number and the frame, and returns what is sent instead.
type Tamper func(subscriber int, frame string) []string

// Count is what a Server did.
type Count struct {
	Subscribed map[string]int // by channel, over all time
	Pings      int            // pusher:ping, each of them answered
	Requests   int            // to the HTTP API, all of them signed well
	Whispers   int            // client events that came
	Deliveries int            // of published events and of whispers
	Bytes      int            // of the delivered frames' payload
}

// conn is one subscriber. Frames are written under the server's lock.
type conn struct {
	number   int
	ws       *websocket.Conn
	channels []string
	users    map[string]string // by presence channel
	outbox   *outbox           // nil unless the server has a rule for slow readers
}

// Start starts an honest server, which ends with the test.
func Start(t *testing.T) *Server {
	t.Helper()
	return StartTampering(t, func(_ int, frame string) []string { return []string{frame} })
}

// StartTampering starts one that sends what tamper says.
func StartTampering(t *testing.T, tamper Tamper) *Server {
	t.Helper()
	s := prepare(t, tamper, nil)
	s.http.Start()
	return s
}

// StartTLS starts an honest one that speaks TLS.
func StartTLS(t *testing.T) *Server {
	t.Helper()
	s := prepare(t, func(_ int, frame string) []string { return []string{frame} }, nil)
	s.http.StartTLS()
	return s
}

// prepare makes one that does not listen yet.
func prepare(t *testing.T, tamper Tamper, slow Slow) *Server {
	t.Helper()
	s := &Server{t: t, tamper: tamper, slow: slow, signer: auth.NewSigner(key, secret), conns: make(map[string][]*conn)}
	s.users, s.count.Subscribed = make(map[string]map[string]int), make(map[string]int)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /app/"+key, s.serveSocket)
	mux.HandleFunc("POST /apps/"+appID+"/events", s.servePublish)
	mux.HandleFunc("POST /apps/"+appID+"/batch_events", s.servePublish)
	s.http = httptest.NewUnstartedServer(mux)
	if slow != nil {
		s.http.Config.ConnContext = narrow
	}
	t.Cleanup(s.http.Close)
	return s
}

// Target returns the server as the load generator knows it.
func (s *Server) Target() *loadgen.Target {
	s.t.Helper()
	target, err := loadgen.NewTarget("ws"+strings.TrimPrefix(s.http.URL, "http")+"/app/"+key, appID, secret)
	if err != nil {
		s.t.Fatal(err)
	}
	if target.TLS != nil {
		target.TLS.InsecureSkipVerify = true // it is net/http/httptest's own
	}
	return target
}

// Count returns what the server did so far.
func (s *Server) Count() Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.count
	c.Subscribed = maps.Clone(c.Subscribed)
	return c
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		s.t.Errorf("upgrade: %v", err)
		return
	}
	defer func() { _ = ws.CloseNow() }() // it is closed already when the client left first
	ctx := r.Context()
	s.mu.Lock()
	c := &conn{number: s.seen, ws: ws, users: make(map[string]string)}
	s.seen++
	s.mu.Unlock()
	if s.slow != nil {
		c.outbox = newOutbox(c, s.slow)
		defer c.outbox.end()
	}
	socketID := fmt.Sprintf("%d.%d", c.number+1, c.number+7)
	hello := fmt.Sprintf(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"%s\",\"activity_timeout\":120}"}`, socketID)
	if ws.Write(ctx, websocket.MessageText, []byte(hello)) != nil {
		return
	}
	defer s.leave(c)
	for {
		_, b, err := ws.Read(ctx)
		if err != nil || !s.command(ctx, c, socketID, b) {
			return
		}
	}
}

// command is what a client sends.
type command struct {
	Event, Channel string
	Data           json.RawMessage
}

// command serves one. It reports whether the connection may stay.
func (s *Server) command(ctx context.Context, c *conn, socketID string, b []byte) bool {
	var m command
	if err := json.Unmarshal(b, &m); err != nil {
		s.t.Errorf("client sent %q: %v", b, err)
		return false
	}
	switch {
	case m.Event == "pusher:ping":
		return s.pong(ctx, c)
	case m.Event == "pusher:subscribe":
		return s.subscribe(ctx, c, socketID, m.Data)
	case m.Event == "pusher:unsubscribe":
		return s.unsubscribe(c, m.Data)
	case strings.HasPrefix(m.Event, "client-"):
		return s.whisper(c, m)
	}
	s.t.Errorf("client sent %q", b)
	return false
}

func (s *Server) subscribe(ctx context.Context, c *conn, socketID string, data []byte) bool {
	var m struct {
		Channel, Auth string
		ChannelData   string `json:"channel_data"`
	}
	err := json.Unmarshal(data, &m)
	presence := strings.HasPrefix(m.Channel, "presence-")
	if err == nil && (strings.HasPrefix(m.Channel, "private-") || presence) {
		err = auth.CheckChannel(s.signer, socketID, m.Channel, m.ChannelData, presence, m.Auth)
	}
	if err != nil {
		s.t.Errorf("subscribe with %s: %v", data, err)
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	joined, list := s.enter(c, m.Channel, m.ChannelData)
	if !c.send(ctx, fmt.Sprintf(`{"event":"pusher_internal:subscription_succeeded","channel":%q,"data":%q}`, m.Channel, list)) {
		return false
	}
	s.count.Subscribed[m.Channel]++
	s.conns[m.Channel] = append(s.conns[m.Channel], c)
	c.channels = append(c.channels, m.Channel)
	if joined {
		s.tellMembers(c, m.Channel, "member_added", m.ChannelData)
	}
	return true
}

func (s *Server) pong(ctx context.Context, c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Pings++
	return c.send(ctx, `{"event":"pusher:pong","data":"{}"}`)
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ch := range slices.Clone(c.channels) {
		s.exit(c, ch)
	}
}

func (s *Server) servePublish(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	params, err := auth.AppendQuery(nil, r.URL.RawQuery)
	if err == nil {
		err = s.signer.CheckRequest(&auth.Request{Method: r.Method, Paths: []string{r.URL.Path}, Params: params, Body: body}, time.Now())
	}
	type event struct{ Name, Channel, Data string }
	var m struct {
		event
		Batch []event
	}
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		s.t.Errorf("request %s: %v", body, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if len(m.Batch) == 0 {
		m.Batch = []event{m.event}
	}
	s.mu.Lock()
	s.count.Requests++
	for _, e := range m.Batch {
		s.broadcast(e.Channel, fmt.Sprintf(`{"event":%q,"channel":%q,"data":%q}`, e.Name, e.Channel, e.Data))
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{}")
}

// broadcast sends a frame to a channel's subscribers. The lock must be held.
func (s *Server) broadcast(channel, frame string) { s.broadcastExcept(nil, channel, frame) }

func (s *Server) broadcastExcept(sender *conn, channel, frame string) {
	for _, c := range s.conns[channel] {
		if c == sender {
			continue
		}
		for _, f := range s.tamper(c.number, frame) {
			if c.send(context.Background(), f) {
				s.count.Deliveries++
				s.count.Bytes += len(f)
			}
		}
	}
}

// send writes a frame, or leaves it to the outbox. It is false when the
// connection is gone.
func (c *conn) send(ctx context.Context, frame string) bool {
	if c.outbox != nil {
		c.outbox.put(frame)
		return true
	}
	return c.ws.Write(ctx, websocket.MessageText, []byte(frame)) == nil
}
