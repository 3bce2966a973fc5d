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
	"net/http"
	"net/http/httptest"
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
	AppID  = "app-id"
	Key    = "app-key"
	Secret = "app-secret"
)

// Server is a running one.
type Server struct {
	t      *testing.T
	http   *httptest.Server
	signer *auth.Signer
	tamper Tamper

	mu    sync.Mutex
	conns map[string][]*conn // by channel
	seen  int                // subscribers
	count Count
}

// Tamper is asked for every delivery, one at a time, with the subscriber's
// number and the frame, and returns what is sent instead.
type Tamper func(subscriber int, frame string) []string

// Count is what a Server did.
type Count struct {
	Subscribed map[string]int // by channel, over all time
	Requests   int            // to the HTTP API, all of them signed well
	Deliveries int
	Bytes      int // of the delivered frames' payload
}

// conn is one subscriber. Frames are written under the server's lock.
type conn struct {
	number int
	ws     *websocket.Conn
}

// Start starts an honest server, which ends with the test.
func Start(t *testing.T) *Server {
	t.Helper()
	return StartTampering(t, func(_ int, frame string) []string { return []string{frame} })
}

// StartTampering starts one that sends what tamper says.
func StartTampering(t *testing.T, tamper Tamper) *Server {
	t.Helper()
	s := &Server{t: t, tamper: tamper, signer: auth.NewSigner(Key, Secret), conns: make(map[string][]*conn)}
	s.count.Subscribed = make(map[string]int)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /app/"+Key, s.serveSocket)
	mux.HandleFunc("POST /apps/"+AppID+"/events", s.servePublish)
	mux.HandleFunc("POST /apps/"+AppID+"/batch_events", s.servePublish)
	s.http = httptest.NewServer(mux)
	t.Cleanup(s.http.Close)
	return s
}

// Target returns the server as the load generator knows it.
func (s *Server) Target() *loadgen.Target {
	s.t.Helper()
	target, err := loadgen.NewTarget("ws"+strings.TrimPrefix(s.http.URL, "http")+"/app/"+Key, AppID, Secret)
	if err != nil {
		s.t.Fatal(err)
	}
	return target
}

// Count returns what the server did so far.
func (s *Server) Count() Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
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
	c := &conn{number: s.seen, ws: ws}
	s.seen++
	s.mu.Unlock()
	socketID := fmt.Sprintf("%d.%d", c.number+1, c.number+7)
	hello := fmt.Sprintf(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"%s\",\"activity_timeout\":120}"}`, socketID)
	if ws.Write(ctx, websocket.MessageText, []byte(hello)) != nil {
		return
	}
	channel := ""
	for {
		_, b, err := ws.Read(ctx)
		if err != nil {
			break
		}
		if channel = s.command(ctx, c, socketID, b); channel == "" {
			break
		}
	}
	s.leave(channel, c)
}

// command serves a subscribe and returns its channel, "" when it was refused.
func (s *Server) command(ctx context.Context, c *conn, socketID string, b []byte) string {
	var m struct {
		Event string
		Data  struct {
			Channel, Auth string
			ChannelData   string `json:"channel_data"`
		}
	}
	if err := json.Unmarshal(b, &m); err != nil || m.Event != "pusher:subscribe" {
		s.t.Errorf("client sent %q: %v", b, err)
		return ""
	}
	ch := m.Data.Channel
	if strings.HasPrefix(ch, "private-") || strings.HasPrefix(ch, "presence-") {
		if err := auth.CheckChannel(s.signer, socketID, ch, m.Data.ChannelData, strings.HasPrefix(ch, "presence-"), m.Data.Auth); err != nil {
			s.t.Errorf("subscribe: %v", err)
			return ""
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := fmt.Sprintf(`{"event":"pusher_internal:subscription_succeeded","channel":%q,"data":"{}"}`, ch)
	if c.ws.Write(ctx, websocket.MessageText, []byte(ok)) != nil {
		return ""
	}
	s.count.Subscribed[ch]++
	s.conns[ch] = append(s.conns[ch], c)
	return ch
}

func (s *Server) leave(channel string, c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.conns[channel] {
		if other == c {
			s.conns[channel] = append(s.conns[channel][:i], s.conns[channel][i+1:]...)
			return
		}
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
func (s *Server) broadcast(channel, frame string) {
	for _, c := range s.conns[channel] {
		for _, f := range s.tamper(c.number, frame) {
			if c.ws.Write(context.Background(), websocket.MessageText, []byte(f)) == nil {
				s.count.Deliveries++
				s.count.Bytes += len(f)
			}
		}
	}
}
