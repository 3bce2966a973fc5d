package pusher

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/users"
	"fanfare/engine"
	"fanfare/engine/leaktest"
	"fanfare/protocol"
)

// TestMain fails a run that leaves goroutines behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaktest.Idle()...) }

// live is a server on real sockets and two loops.
type live struct {
	engine   *engine.Server
	pusher   *Server
	registry *channels.Registry
	tenants  *apps.Tenants
	app      *apps.App
}

func startLive(t *testing.T) *live {
	t.Helper()
	const loops = 2
	s := &live{app: apps.New("3", testKey, testSecret), tenants: apps.NewTenants(loops)}
	s.app.Limits.ClientEventsPerSecond = 0
	store, err := apps.NewStatic(s.app)
	if err != nil {
		t.Fatal(err)
	}
	mux := protocol.NewMux("")
	s.engine, err = engine.New(engine.Config{Addrs: []string{"127.0.0.1:0"}, Loops: loops, Logger: slog.New(slog.DiscardHandler)}, mux)
	if err != nil {
		t.Fatal(err)
	}
	s.pusher = New(Config{
		Loops: loops, Loop: s.engine.Loop, Submit: s.engine.Submit,
		Apps: store, Tenants: s.tenants, IDs: protocol.NewDirectory(), Users: users.New(time.Minute),
	})
	protocol.BindUsers(s.pusher.cfg.Users, loops, s.engine.Loop, s.pusher.UserSink())
	s.registry = protocol.NewRegistry(loops, s.engine.Loop, channels.Config{Sinks: []channels.Sink{s.pusher}})
	s.pusher.Bind(s.registry, 0)
	mux.Handle(Prefix, "WebSocket", s.pusher)
	if err := s.engine.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *live) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.engine.Shutdown(ctx, protocol.Goodbye); err != nil {
		t.Error(err)
	}
	if got := s.registry.Stats(); got != (channels.Stats{}) {
		t.Errorf("left in the registry: %+v", got)
	}
	if n := s.tenants.Of(s.app).Connections(); n != 0 || s.pusher.cfg.IDs.Len() != 0 || s.pusher.Stats().Sessions != 0 {
		t.Errorf("left: %d on account, %d ids, %+v", n, s.pusher.cfg.IDs.Len(), s.pusher.Stats())
	}
}

// caller is a client over TCP.
type caller struct {
	ws *websocket.Conn
	id string
}

func (s *live) call(ctx context.Context) (*caller, error) {
	ws, _, err := websocket.Dial(ctx, "ws://"+s.engine.Addrs()[0]+upgrade, nil)
	if err != nil {
		return nil, err
	}
	c := &caller{ws: ws}
	var f, hello struct {
		Data     string
		SocketID string `json:"socket_id"`
	}
	text, err := c.read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err == nil {
		err = json.Unmarshal([]byte(f.Data), &hello)
	}
	c.id = hello.SocketID
	return c, err
}

func (c *caller) read(ctx context.Context) ([]byte, error) {
	_, text, err := c.ws.Read(ctx)
	return text, err
}

// await reads until a message has part in it.
func (c *caller) await(ctx context.Context, part string) error {
	for {
		text, err := c.read(ctx)
		if err != nil {
			return fmt.Errorf("waiting for %q: %w", part, err)
		}
		if strings.Contains(string(text), part) {
			return nil
		}
	}
}

func (c *caller) subscribe(ctx context.Context, channel, user string) error {
	data := map[string]string{"channel": channel, "auth": signer.Token(c.id, channel)}
	if user != "" {
		data["auth"], data["channel_data"] = signer.Token(c.id, channel, user), user
	}
	b, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": data})
	if err != nil {
		return err
	}
	return c.ws.Write(ctx, websocket.MessageText, b)
}

// Clients on two loops subscribe, publish and vanish; everybody gets every
// event in order, and nothing is left.
func TestLive_SUB22_PRE12_CON28(t *testing.T) {
	const clients, events = 40, 50
	s := startLive(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var wg, ready sync.WaitGroup
	ready.Add(clients)
	errs := make(chan error, clients)
	for i := range clients {
		wg.Go(func() { errs <- s.visit(ctx, i, events, &ready) })
	}
	ready.Wait()
	for i := range events {
		s.registry.Publish(&channels.Message{App: "3", Channel: "presence-room", Event: "e", Data: fmt.Sprintf("<%d>", i)}, nil)
	}
	wg.Wait()
	for range clients {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s.stop(t)
}

// visit is one client's life. Every third leaves without a word, the others
// stay until the server says goodbye.
func (s *live) visit(ctx context.Context, i, events int, ready *sync.WaitGroup) error {
	once := sync.OnceFunc(ready.Done)
	defer once()
	c, err := s.call(ctx)
	if err != nil {
		return err
	}
	defer c.ws.CloseNow()
	if err := c.subscribe(ctx, "presence-room", fmt.Sprintf(`{"user_id":"%d"}`, i%7)); err != nil {
		return err
	}
	if err := c.await(ctx, "subscription_succeeded"); err != nil {
		return err
	}
	once()
	for n := range events {
		if err := c.await(ctx, fmt.Sprintf(`"<%d>"`, n)); err != nil {
			return err
		}
	}
	if i%3 > 0 {
		return c.ws.Close(websocket.StatusNormalClosure, "")
	}
	return nil
}

func TestShutdownSays4200_CON28(t *testing.T) {
	s := startLive(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := s.call(ctx)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := c.read(ctx)
		done <- err
	}()
	s.stop(t)
	if err := <-done; websocket.CloseStatus(err) != 4200 {
		t.Errorf("the client saw %v", err)
	}
}
