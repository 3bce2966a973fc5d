package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/cmd/fanfare/term"
	"fanfare/protocol/pusher/auth"
)

// fakeServer is a Pusher server without sockets, for bubbles of synctest. Each
// dial makes one connection, which the test then plays the server of.
type fakeServer struct{ dials chan *fakeConn }

type fakeConn struct {
	toClient   chan string
	fromClient chan string
	closed     chan error // why Read ends
	gone       chan struct{}
}

func (f *fakeServer) dial(ctx context.Context, _ string) (socket, error) {
	c := &fakeConn{make(chan string), make(chan string, 16), make(chan error, 1), make(chan struct{})}
	select {
	case f.dials <- c:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *fakeConn) Read(ctx context.Context) ([]byte, error) {
	select {
	case text := <-c.toClient:
		return []byte(text), nil
	case err := <-c.closed:
		return nil, err
	case <-c.gone:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *fakeConn) Write(_ context.Context, b []byte) error {
	c.fromClient <- string(b)
	return nil
}

func (c *fakeConn) Close() { close(c.gone) }

func (c *fakeConn) hello(id string) {
	c.toClient <- fmt.Sprintf(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"%s\",\"activity_timeout\":30}"}`, id)
}

// followed is a follower at work in a bubble, with what it has printed.
type followed struct {
	server *fakeServer
	stop   context.CancelFunc
	result chan error
	events chan string
	notes  *strings.Builder
}

func startFollower(t *testing.T, channels ...string) *followed {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &followed{
		server: &fakeServer{make(chan *fakeConn)}, stop: cancel,
		result: make(chan error, 1), events: make(chan string, 16), notes: new(strings.Builder),
	}
	w := &follower{
		dial:     f.server.dial,
		tell:     func(err error) error { return err },
		signer:   auth.NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8"),
		channels: channels,
		userID:   "7",
		notes:    f.notes,
		print: func(e event) error {
			f.events <- e.Channel + " " + e.Event + " " + e.dataText()
			return nil
		},
	}
	go func() { f.result <- w.follow(ctx) }()
	return f
}

func (f *followed) end(t *testing.T) {
	t.Helper()
	f.stop()
	if err := <-f.result; err != nil {
		t.Errorf("follow after Ctrl-C: %v, want nil", err)
	}
}

func wantFrame(t *testing.T, c *fakeConn, want string) {
	t.Helper()
	var got, expected any
	if err := errors.Join(json.Unmarshal([]byte(<-c.fromClient), &got), json.Unmarshal([]byte(want), &expected)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("frame from the client (-want +got):\n%s", diff)
	}
}

func TestTailSubscribesAndPrints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFollower(t, "my-channel", "private-foobar", "presence-room", "cache-x", "private-encrypted-foobar")
		c := <-f.server.dials
		c.hello("1234.1234")
		wantFrame(t, c, `{"event":"pusher:subscribe","data":{"channel":"my-channel"}}`)
		wantFrame(t, c, `{"event":"pusher:subscribe","data":{"channel":"private-foobar","auth":"278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"}}`)
		data := `{"user_id":"7","user_info":{"name":"fanfare tail"}}`
		token := auth.NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8").Token("1234.1234", "presence-room", data)
		wantFrame(t, c, fmt.Sprintf(`{"event":"pusher:subscribe","data":{"channel":"presence-room","auth":%q,"channel_data":%q}}`, token, data))
		wantFrame(t, c, `{"event":"pusher:subscribe","data":{"channel":"cache-x"}}`)
		wantFrame(t, c, `{"event":"pusher:subscribe","data":{"channel":"private-encrypted-foobar","auth":"278d425bdf160c739803:e6a18892d037c5d5e76a2265df4f086ffc38631605530dfd214aa5bff495f533"}}`)

		c.toClient <- `{"event":"pusher_internal:subscription_succeeded","channel":"my-channel","data":"{}"}`
		c.toClient <- `{"event":"my-event","channel":"my-channel","data":"{\"hello\":\"world\"}"}`
		if got, want := <-f.events, `my-channel my-event {"hello":"world"}`; got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
		c.toClient <- `{"event":"pusher:error","data":{"code":null,"message":"Invalid signature"}}`
		c.toClient <- `not JSON`
		c.toClient <- `{"event":"pusher:ping","data":{}}`
		wantFrame(t, c, `{"event":"pusher:pong","data":{}}`)
		f.end(t)
		want := "fanfare: subscribed to my-channel\nfanfare: the server says: Invalid signature\nfanfare: not a Pusher frame: not JSON\n"
		if got := f.notes.String(); got != want {
			t.Errorf("notes:\n%swant:\n%s", got, want)
		}
	})
}

func TestTailPingsAQuietServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFollower(t, "a")
		c := <-f.server.dials
		c.hello("1.1")
		wantFrame(t, c, `{"event":"pusher:subscribe","data":{"channel":"a"}}`)
		begin := time.Now()
		wantFrame(t, c, `{"event":"pusher:ping","data":{}}`)
		if d := time.Since(begin); d != 30*time.Second {
			t.Errorf("pinged after %v, want the activity_timeout of 30s", d)
		}
		c.toClient <- `{"event":"pusher:pong","data":{}}`
		wantFrame(t, c, `{"event":"pusher:ping","data":{}}`)
		<-c.gone // no pong this time
		if d := time.Since(begin); d != 90*time.Second {
			t.Errorf("gave up after %v, want 30s for each ping and 30s for the pong", d)
		}
		<-f.server.dials
		if d := time.Since(begin); d != 91*time.Second {
			t.Errorf("dialled again after %v, want a second later", d)
		}
		f.end(t)
	})
}

func TestTailReconnectsAsTheCloseCodeAsks(t *testing.T) {
	tests := []struct {
		name  string
		end   error
		age   time.Duration
		again bool
		wait  time.Duration
	}{
		{"shutdown", &closedError{4200, "bye"}, time.Minute, true, 0},
		{"shutdown at once", &closedError{4200, "bye"}, 0, true, time.Second},
		{"over capacity", &closedError{4100, ""}, time.Minute, true, time.Second},
		{"network", io.ErrUnexpectedEOF, time.Minute, true, time.Second},
		{"going away", &closedError{1001, ""}, time.Minute, true, time.Second},
		{"unknown app", &closedError{4001, "no such app"}, time.Minute, false, 0},
		{"over quota", &closedError{4004, "full"}, 0, false, 0},
		{"range that tells of nothing", &closedError{4300, ""}, 0, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := startFollower(t, "a")
				c := <-f.server.dials
				c.hello("1.1")
				wantFrame(t, c, `{"event":"pusher:subscribe","data":{"channel":"a"}}`)
				// A server's pings keep the connection up until it ends.
				for end := time.Now().Add(tt.age); time.Now().Before(end); <-c.fromClient {
					<-time.After(20 * time.Second)
					c.toClient <- `{"event":"pusher:ping"}`
				}
				c.closed <- tt.end
				<-c.gone
				begin := time.Now()
				select {
				case c = <-f.server.dials:
					if !tt.again || time.Since(begin) != tt.wait {
						t.Errorf("reconnected after %v; want again = %v, after %v", time.Since(begin), tt.again, tt.wait)
					}
					c.hello("2.2")
					wantFrame(t, c, `{"event":"pusher:subscribe","data":{"channel":"a"}}`)
					f.end(t)
				case err := <-f.result:
					if tt.again || !errors.Is(err, tt.end) {
						t.Errorf("ended with %v; want again = %v", err, tt.again)
					}
				}
			})
		})
	}
}

func TestTailTellsAFailureOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var notes strings.Builder
		refused, unknown := errors.New("cannot reach it: refused"), errors.New("cannot reach it: no such host")
		fails := []error{nil, refused, refused, refused, unknown, unknown, nil, refused, refused}
		ctx, cancel := context.WithCancel(t.Context())
		f := &follower{
			tell:  func(err error) error { return err },
			notes: &notes,
			dial: func(context.Context, string) (socket, error) {
				if len(fails) == 0 {
					cancel()
					return nil, ctx.Err()
				}
				err := fails[0]
				if fails = fails[1:]; err != nil {
					return nil, err
				}
				c := &fakeConn{closed: make(chan error, 1), gone: make(chan struct{})}
				c.closed <- &closedError{4100, "full"}
				return c, nil
			},
		}
		if err := f.follow(ctx); err != nil {
			t.Fatal(err)
		}
		const want = `fanfare: the server closed the connection with code 4100: full; reconnecting in 1s
fanfare: cannot reach it: refused; reconnecting in 2s
fanfare: still trying; again in 4s
fanfare: still trying; again in 8s
fanfare: cannot reach it: no such host; reconnecting in 16s
fanfare: still trying; again in 30s
fanfare: the server closed the connection with code 4100: full; reconnecting in 30s
fanfare: cannot reach it: refused; reconnecting in 30s
fanfare: still trying; again in 30s
`
		if diff := cmp.Diff(want, notes.String()); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
	})
}

func TestTailTakesAnErrorBeforeTheHelloForAClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFollower(t, "a")
		c := <-f.server.dials
		c.toClient <- `{"event":"pusher:error","data":{"code":4001,"message":"App key x not found"}}`
		err := <-f.result
		if want := "the server closed the connection with code 4001: App key x not found"; err == nil || err.Error() != want {
			t.Errorf("follow: %v, want %s", err, want)
		}
	})
}

func TestTailGivesUpOnAServerThatNeverSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startFollower(t, "a")
		begin := time.Now()
		c := <-f.server.dials
		<-c.gone
		if d := time.Since(begin); d != handshakeTimeout {
			t.Errorf("waited %v for a hello, want %v", d, handshakeTimeout)
		}
		f.end(t)
	})
}

func TestRetryDoublesItsWaits(t *testing.T) {
	var r retry
	lost := io.ErrUnexpectedEOF
	if _, again := r.after(dialError{lost}, 0); again {
		t.Error("a first connection that fails is tried again")
	}
	var got []time.Duration
	for range 7 {
		wait, _ := r.after(lost, 0)
		got = append(got, wait/time.Second)
	}
	if diff := cmp.Diff([]time.Duration{1, 2, 4, 8, 16, 30, 30}, got); diff != "" {
		t.Errorf("waits in seconds (-want +got):\n%s", diff)
	}
	if wait, again := r.after(dialError{lost}, time.Minute); !again || wait != mostWait {
		t.Errorf("a dial that fails slowly waits %v, %v; want %v", wait, again, mostWait)
	}
	if wait, _ := r.after(lost, time.Minute); wait != firstWait {
		t.Errorf("after a connection that worked: %v, want %v", wait, firstWait)
	}
}

func TestEventLines(t *testing.T) {
	at := time.Date(2026, 11, 22, 13, 4, 5, 6e6, time.UTC)
	f := func(in, line, object string) {
		t.Helper()
		e := event{at: at}
		if err := json.Unmarshal([]byte(in), &e.frame); err != nil {
			t.Fatal(err)
		}
		if got := e.line(term.Style{}); got != line {
			t.Errorf("line of %s:\n got %s\nwant %s", in, got, line)
		}
		b, err := json.Marshal(e.object())
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"time":"2026-11-22T13:04:05.006Z",` + object; string(b) != want {
			t.Errorf("object of %s:\n got %s\nwant %s", in, b, want)
		}
	}
	// JSON in a string is shown as that JSON; other text as text.
	f(`{"event":"e","channel":"c","data":"{\"a\":1}"}`, `13:04:05.006  c  e  {"a":1}`, `"channel":"c","event":"e","data":{"a":1}}`)
	f(`{"event":"e","channel":"c","data":"hi there"}`, `13:04:05.006  c  e  hi there`, `"channel":"c","event":"e","data":"hi there"}`)
	f(`{"event":"e","channel":"c","data":{"a": [1, 2]}}`, `13:04:05.006  c  e  {"a":[1,2]}`, `"channel":"c","event":"e","data":{"a":[1,2]}}`)
	f(`{"event":"client-x","channel":"presence-c","data":"1","user_id":"7"}`, `13:04:05.006  presence-c  client-x  from 7  1`, `"channel":"presence-c","event":"client-x","data":1,"user_id":"7"}`)
	// No data, and data that would steer a terminal.
	f(`{"event":"e","channel":"c"}`, `13:04:05.006  c  e  `, `"channel":"c","event":"e"}`)
	f(`{"event":"e","channel":"c","data":"\u001b[2Jx\ny\u009b"}`, `13:04:05.006  c  e  \u001b[2Jx\ny\u009b`, `"channel":"c","event":"e","data":"\u001b[2Jx\ny\u009b"}`)
}
