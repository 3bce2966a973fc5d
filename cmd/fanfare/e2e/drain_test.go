//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pusher/pusher-http-go/v5"

	"fanfare/cmd/fanfare/e2e/process"
)

const (
	guests       = 2000
	guestRooms   = 100
	drainDelay   = 2 * time.Second
	drainTime    = 3 * time.Second
	drainWithin  = drainDelay + drainTime + grace + 2*time.Second // webhooks' last second, and the race detector's at exit
	publisherSet = 20                                             // each has one kept connection, and so one event after the listeners are closed
)

// guest is one of a crowd of clients: what it heard, and how it was sent away.
type guest struct {
	ticks []int
	code  websocket.StatusCode
	left  time.Time
}

// visit connects, joins the feed and a room, says so, and listens to the end.
func (g *guest) visit(ctx context.Context, addr, room string, joined *sync.WaitGroup) error {
	arrive := sync.OnceFunc(joined.Done)
	defer arrive()
	c, _, err := websocket.Dial(ctx, "ws://"+addr+"/app/"+appKey+"?protocol=7", nil) //nolint:bodyclose // nothing is left of the body once Dial has succeeded
	if err != nil {
		return fmt.Errorf("cannot connect: %w", err)
	}
	defer c.CloseNow()
	for _, channel := range []string{"feed", room} {
		text := fmt.Sprintf(`{"event":"pusher:subscribe","data":{"channel":%q}}`, channel)
		if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return err
		}
	}
	for subscribed := 0; ; {
		_, text, err := c.Read(ctx)
		if err != nil {
			g.code, g.left = websocket.CloseStatus(err), time.Now()
			return nil
		}
		var m struct{ Event, Data string }
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		switch m.Event {
		case "pusher_internal:subscription_succeeded":
			if subscribed++; subscribed == 2 {
				arrive()
			}
		case "tick":
			n, err := strconv.Atoi(m.Data)
			if err != nil {
				return err
			}
			g.ticks = append(g.ticks, n)
		}
	}
}

// crowd connects so many guests, and returns when they are in their rooms. gone waits for them to leave.
func crowd(t *testing.T, addr string, size int) (all []*guest, gone func()) {
	t.Helper()
	var joined, present sync.WaitGroup
	errs := make(chan error, size)
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	t.Cleanup(cancel)
	dials := make(chan struct{}, 100) // at a time
	for i := range size {
		g := &guest{}
		all = append(all, g)
		joined.Add(1)
		present.Go(func() {
			dials <- struct{}{}
			var in sync.WaitGroup
			in.Add(1)
			go func() {
				in.Wait()
				<-dials
				joined.Done()
			}()
			errs <- g.visit(ctx, addr, fmt.Sprint("room-", i%guestRooms), &in)
		})
	}
	joined.Wait()
	return all, func() {
		t.Helper()
		present.Wait()
		for range all {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
	}
}

// vacated is a webhook's receiver that keeps the names of channels that became empty.
type vacated struct {
	mu    sync.Mutex
	names map[string]bool // guarded by mu
}

func (v *vacated) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var body struct {
		Events []struct{ Name, Channel string }
	}
	_ = json.NewDecoder(r.Body).Decode(&body) // what is missing is missed at the end
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range body.Events {
		if e.Name == "channel_vacated" {
			v.names[e.Channel] = true
		}
	}
}

// drainable starts a server with its default app, a webhook at hook if that is given, and flags.
func drainable(t *testing.T, hook string, flags ...string) *server {
	t.Helper()
	settings := fmt.Sprintf("[[apps]]\nid = %q\nkey = %q\nsecret = %q\n", appID, appKey, appSecret)
	if hook != "" {
		settings += fmt.Sprintf("[[apps.webhooks]]\nurl = %q\nprivate_targets = true\n", hook)
	}
	file := filepath.Join(t.TempDir(), "drain.toml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"serve", "--config", file, "--host", "127.0.0.1", "--metrics-port", "0"}, flags...)
	s := process.Serve(t, process.Fanfare(t, args...))
	return &server{Server: s, addr: s.Addr, metrics: s.Metrics}
}

// TestDrain: SIGTERM under load. /ready says so while newcomers are still served; then nobody is let in; clients leave at a
// pace, with 4200, and miss nothing until then; what webhooks are to be told arrives; the exit code is 0, and in time.
func TestDrain(t *testing.T) {
	t.Parallel()
	hooks := &vacated{names: map[string]bool{}}
	receiver := httptest.NewServer(hooks)
	defer receiver.Close()
	s := drainable(t, receiver.URL, "--port", "0", "--drain-delay", fmt.Sprint(drainDelay), "--drain-time", fmt.Sprint(drainTime))
	all, gone := crowd(t, s.addr, guests)
	publishers := make([]*pusher.Client, publisherSet)
	for i := range publishers {
		publishers[i] = s.library()
		publishers[i].HTTPClient = &http.Client{Transport: keep(t, s.addr)}
		publish(t, publishers[i], i)
	}

	start := time.Now()
	if err := s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	took := make(chan time.Duration, 1)
	go func() { <-s.Done; took <- time.Since(start) }() // the guests may need longer to notice
	awaitDraining(t, s.addr)
	late, _, err := websocket.Dial(t.Context(), "ws://"+s.addr+"/app/"+appKey+"?protocol=7", nil) //nolint:bodyclose // nothing is left of the body once Dial has succeeded
	if err != nil {
		t.Fatalf("a newcomer is refused while load balancers may still send some: %v", err)
	}
	defer late.CloseNow()
	awaitRefused(t, s.addr)
	if after := time.Since(start); after < drainDelay {
		t.Errorf("newcomers were refused after %v, want %v", after, drainDelay)
	}
	refused, refusal := publishWhile(publishers)
	for err = nil; err == nil; {
		_, _, err = late.Read(t.Context())
	}
	if websocket.CloseStatus(err) != 4200 {
		t.Errorf("the late one was parted from with %v, want 4200", err)
	}
	gone()
	if code, err := s.ExitCode(drainWithin + patience); err != nil || code != 0 {
		t.Fatalf("fanfare ended with exit code %d, error %v; want 0", code, err)
	}
	if after := <-took; after > drainWithin {
		t.Errorf("fanfare ended after %v, want %v at most", after, drainWithin)
	}
	if stopped := saidAt(t, s, "stopping"); refusal != nil && refused.Before(stopped) {
		t.Errorf("an event was refused %v before the server stopped: %v", stopped.Sub(refused), refusal)
	}
	judge(t, all)
	for i := range guestRooms {
		if room := fmt.Sprint("room-", i); !hooks.names[room] {
			t.Errorf("no webhook has told that %s is vacated", room)
		}
	}
}

// publishWhile publishes with each of them in turn while the server drains, until an event is refused. It tells when that was, and
// why.
func publishWhile(publishers []*pusher.Client) (refused time.Time, err error) {
	every := time.NewTicker(drainTime / (publisherSet + 10))
	defer every.Stop()
	for i, p := range publishers {
		<-every.C
		if err := p.Trigger("feed", "tick", strconv.Itoa(publisherSet+i)); err != nil {
			return time.Now(), err
		}
	}
	return time.Time{}, nil
}

// saidAt is when the server wrote a message into its log.
func saidAt(t *testing.T, s *server, message string) time.Time {
	t.Helper()
	line := process.Find(s.Log(), message)
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(line["time"]))
	if err != nil {
		t.Fatalf("the log does not tell when it said %q: %v", message, err)
	}
	return at
}

// kept sends one request after the other over one connection. net/http's own transport gives up a connection whose answer was
// faster than its goroutine that had written the request.
type kept struct {
	conn net.Conn
	r    *bufio.Reader
}

func keep(t *testing.T, addr string) kept {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(4 * patience)); err != nil {
		t.Fatal(err)
	}
	return kept{conn, bufio.NewReader(conn)}
}

// RoundTrip implements http.RoundTripper. The body of the answer before must have been read.
func (k kept) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Write(k.conn); err != nil {
		return nil, err
	}
	return http.ReadResponse(k.r, r)
}

func publish(t *testing.T, p *pusher.Client, n int) {
	t.Helper()
	if err := p.Trigger("feed", "tick", strconv.Itoa(n)); err != nil {
		t.Fatalf("cannot publish event %d: %v", n, err)
	}
}

// judge looks at how the guests fared. How evenly goodbyes are spread is a matter of engine's tests; guests notice them when they get
// to it.
func judge(t *testing.T, all []*guest) {
	t.Helper()
	heard := 0
	for _, g := range all {
		heard += len(g.ticks) - publisherSet
		if g.code != 4200 {
			t.Fatalf("a client was parted from with %d, want 4200", g.code)
		}
		if len(g.ticks) < publisherSet {
			t.Fatalf("a client has events %v, want all %d from before the drain", g.ticks, publisherSet)
		}
		for n, tick := range g.ticks {
			if n != tick {
				t.Fatalf("a client has events %v: one is lost, or came twice", g.ticks)
			}
		}
	}
	sooner := func(a, b *guest) int { return a.left.Compare(b.left) }
	took := slices.MaxFunc(all, sooner).left.Sub(slices.MinFunc(all, sooner).left)
	t.Logf("%d clients left within %v; they heard %d events during the drain", len(all), took, heard)
	if took < drainTime/2 {
		t.Errorf("all clients left within %v, want %v or a little less", took, drainTime)
	}
	if heard < guests {
		t.Errorf("all clients together heard %d events during the drain: events do not flow", heard)
	}
}

// awaitDraining waits until /ready says 503.
func awaitDraining(t *testing.T, addr string) {
	t.Helper()
	until(t, "/ready says 503", func() bool {
		res, err := http.Get("http://" + addr + "/ready")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable
	})
}

// awaitRefused waits until nobody listens.
func awaitRefused(t *testing.T, addr string) {
	t.Helper()
	until(t, "newcomers are not let in", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

// TestSuccessor: `fanfare drain` frees the port for another server, and pusher-js goes over to it by itself, with all its
// channels (CON-33). The command ends when the old server has.
func TestSuccessor(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	first := drainable(t, "", "--port", "0", "--drain-time", "60", "--control-socket", socket)
	_, port, err := net.SplitHostPort(first.addr)
	if err != nil {
		t.Fatal(err)
	}
	_, gone := crowd(t, first.addr, 300) // alice's turn comes after theirs, three seconds later: the successor listens by then
	app := startApplication(t, first)
	alice := connectPusher(t, startNode(t, "client"), "alice", first.addr, app)
	alice.subscribe(t, "private-orders", "shipped")

	drain := process.Launch(t, process.Fanfare(t, "drain", "--socket", socket, "--delay", "0.2"), nil)
	awaitRefused(t, first.addr)
	second := drainable(t, "", "--port", port, "--control-socket", socket)
	if code, err := drain.ExitCode(patience); err != nil || code != 0 {
		t.Errorf("fanfare drain ended with exit code %d, error %v:\n%s", code, err, drain.Log())
	}
	if code, err := first.ExitCode(patience); err != nil || code != 0 {
		t.Errorf("the old server ended with exit code %d, error %v", code, err)
	}
	until(t, "pusher-js comes back", func() bool {
		channels, err := second.library().Channels(pusher.ChannelsParams{})
		return err == nil && len(channels.Channels) == 1
	})
	if err := second.library().Trigger("private-orders", "shipped", "by the successor"); err != nil {
		t.Fatal(err)
	}
	alice.expect(t, "event", seen{Channel: "private-orders", Event: "shipped", Data: `"by the successor"`})
	gone()
	status := process.Launch(t, process.Fanfare(t, "status", "--socket", socket), nil)
	if code, err := status.ExitCode(patience); err != nil || code != 0 {
		t.Errorf("the successor's socket: exit code %d, error %v:\n%s", code, err, status.Log())
	}
}
