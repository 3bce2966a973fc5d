//go:build linux

package loadgen_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/loadgen/pushertest"
)

func newLoop(t *testing.T) *loadgen.Loop {
	t.Helper()
	l, err := loadgen.NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func toBench(int) []loadgen.Subscription { return []loadgen.Subscription{{Channel: "bench"}} }

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// The fleet's count, the ledger's and that of a server that shares no code
// with it must be one number.
func TestCountsAgreeWithTheServer(t *testing.T) {
	f := func(start func(*testing.T) *pushertest.Server, channel string) {
		t.Helper()
		const subscribers, messages = 40, 25
		server, l, ctx := start(t), newLoop(t), within(t, 30*time.Second)
		fleet := l.Open(server.Target(), subscribers, 7, func(int) []loadgen.Subscription {
			return []loadgen.Subscription{{Channel: channel, ChannelData: `{"user_id":"1"}`}}
		})
		if err := l.Run(ctx, fleet.Ready); err != nil || fleet.Err() != nil {
			t.Fatal(err, fleet.Err())
		}
		ledger := loadgen.NewLedger(subscribers, 1)
		fleet.Receive = func(i int, m loadgen.Mark) { ledger.Receive(i, m) }
		p, err := l.Publisher(server.Target())
		if err != nil {
			t.Fatal(err)
		}
		for seq := range uint32(messages) {
			mark := loadgen.AppendMark(nil, loadgen.Mark{Seq: seq})
			p.Post("events", []byte(`{"name":"tick","channel":"`+channel+`","data":"`+string(mark)+`"}`))
			if err := l.Run(ctx, p.Idle); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Run(ctx, func() bool { return fleet.Messages >= subscribers*messages }); err != nil {
			t.Fatalf("%d messages came: %v", fleet.Messages, err)
		}
		counts, count := ledger.Close([]uint32{messages}), server.Count()
		if !counts.Clean() || counts.Delivered != subscribers*messages {
			t.Errorf("ledger has %+v", counts)
		}
		if count.Deliveries != int(fleet.Messages) || count.Bytes != int(fleet.Bytes) ||
			count.Subscribed[channel] != subscribers || count.Requests != messages {
			t.Errorf("server counted %+v, fleet %d messages of %d bytes", count, fleet.Messages, fleet.Bytes)
		}
	}
	f(pushertest.Start, "bench")
	f(pushertest.Start, "private-bench")
	f(pushertest.Start, "presence-bench")
	f(pushertest.StartTLS, "private-bench")
}

// A server that ends a connection which nobody used for long has lost nothing.
func TestPublisherIsCutWhileIdle(t *testing.T) {
	server, l, ctx := pushertest.Start(t), newLoop(t), within(t, 30*time.Second)
	p, err := l.Publisher(server.Target())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p.Post("events", []byte(`{"name":"tick","channel":"bench","data":""}`))
		if err := l.Run(ctx, p.Idle); err != nil {
			t.Fatal(err)
		}
		server.Cut()
		if err := l.Run(ctx, p.Cut); err != nil {
			t.Fatal(err)
		}
	}
	if n := server.Count().Requests; n != 3 {
		t.Errorf("%d requests came, want 3", n)
	}
}

// The end of a connection that was idle for long may not have come through yet.
func TestPublisherDoesNotTrustAnOldConnection(t *testing.T) {
	server, l, ctx := pushertest.Start(t), newLoop(t), within(t, 30*time.Second)
	p, err := l.Publisher(server.Target())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		server.Cut()
		p.Age(time.Minute)
		p.Post("events", []byte(`{"name":"tick","channel":"bench","data":""}`))
		if err := l.Run(ctx, p.Idle); err != nil {
			t.Fatal(err)
		}
	}
	if n := server.Count().Requests; n != 3 {
		t.Errorf("%d requests came, want 3", n)
	}
}

// Frames and answers larger than a socket takes at once come and go in pieces.
func TestLargeMessages(t *testing.T) {
	server, l, ctx := pushertest.Start(t), newLoop(t), within(t, 30*time.Second)
	fleet := l.Open(server.Target(), 3, 3, toBench)
	if err := l.Run(ctx, fleet.Ready); err != nil || fleet.Err() != nil {
		t.Fatal(err, fleet.Err())
	}
	p, err := l.Publisher(server.Target())
	if err != nil {
		t.Fatal(err)
	}
	const size = 400 << 10
	mark := string(loadgen.AppendMark(nil, loadgen.Mark{}))
	p.Post("events", []byte(`{"name":"tick","channel":"bench","data":"`+mark+strings.Repeat("x", size)+`"}`))
	if err := l.Run(ctx, func() bool { return fleet.Messages == 3 && p.Idle() }); err != nil {
		t.Fatalf("%d messages came: %v", fleet.Messages, err)
	}
	if fleet.Bytes < 3*size || fleet.Err() != nil {
		t.Errorf("%d bytes came; %v", fleet.Bytes, fleet.Err())
	}
}

// cutFrame is a frame that never becomes whole.
const cutFrame = "\x81\x05cut"

// scripted is a server that sends the same bytes to everyone and then waits
// for the other side to close; it closes itself after a cutFrame.
func scripted(t *testing.T, bytes string) *loadgen.Target {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			_, _ = c.Read(buf)
			_, _ = c.Write([]byte(bytes))
			if !strings.HasSuffix(bytes, cutFrame) {
				_, _ = c.Read(buf)
			}
			c.Close()
		}
	}()
	target, err := loadgen.NewTarget("ws://"+ln.Addr().String()+"/app/key", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	return target
}

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

func TestFleetTellsWhatWentWrong(t *testing.T) {
	f := func(sent, want string) {
		t.Helper()
		l := newLoop(t)
		fleet := l.Open(scripted(t, sent), 2, 1, toBench)
		if err := l.Run(within(t, 10*time.Second), fleet.Ready); err != nil {
			t.Fatalf("%q: %v", want, err)
		}
		err := fleet.Err()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "2 of 2 connections failed") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nbad", "404: bad; check the path")
	f(strings.Replace(upgraded, "s3p", "abc", 1), "Sec-WebSocket-Accept")
	f(upgraded+"\x88\x11\x0f\xa1no such app, bye", "closed with 4001: no such app, by; the server has no app with this key")
	f(upgraded+"\x81\x22"+`{"event":"pusher:error","data":{}}`, "pusher:error")
	f(upgraded+"\x81\x2d"+`{"event":"pusher:connection_established","x":1`[:45], "no socket_id")
	f(upgraded+"\x81\xff", "masked")
	f(upgraded+"\x81\x7f\x00\x00\x00\x00\x00\x80\x00\x00", "longer than")
	f(upgraded+cutFrame, "unexpected EOF")
}

func TestConnectRefused(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := loadgen.NewBareTarget(netip.MustParseAddrPort(ln.Addr().String()))
	ln.Close()
	l := newLoop(t)
	fleet := l.Open(target, 3, 3, nil)
	if err := l.Run(within(t, 10*time.Second), fleet.Ready); err != nil {
		t.Fatal(err)
	}
	if err := fleet.Err(); err == nil || !strings.Contains(err.Error(), "nothing listens on 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	l := newLoop(t)
	err := l.Run(within(t, 20*time.Millisecond), func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("got %v", err)
	}
}

// A certificate that nobody knows is told as what it is.
func TestUnknownCertificate(t *testing.T) {
	target, l := pushertest.StartTLS(t).Target(), newLoop(t)
	target.TLS.InsecureSkipVerify = false
	fleet := l.Open(target, 3, 3, toBench)
	if err := l.Run(within(t, 10*time.Second), fleet.Ready); err != nil {
		t.Fatal(err)
	}
	if err := fleet.Err(); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}

// Handshakes that get no answer end with the loop.
func TestSilentTLSServer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	l := newLoop(t)
	target, err := loadgen.NewTarget("wss://"+ln.Addr().String()+"/app/key", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	fleet := l.Open(target, 3, 3, toBench)
	if err := l.Run(within(t, 100*time.Millisecond), fleet.Ready); err == nil {
		t.Error("it became ready")
	}
}

// Connections that have nothing to send do not keep the loop awake.
func TestIdleLoopSleeps(t *testing.T) {
	f := func(start func(*testing.T) *pushertest.Server) {
		t.Helper()
		target, l := start(t).Target(), newLoop(t)
		fleet := l.Open(target, 3, 3, toBench)
		joined := false
		c, err := l.Client(target, loadgen.ClientOptions{Opened: func() { joined = true }})
		if err != nil {
			t.Fatal(err)
		}
		run(t, l, func() bool { return fleet.Ready() && joined })
		turns, over := 0, l.Now()+200*time.Millisecond
		run(t, l, func() bool { turns++; return l.Now() >= over })
		if turns > 50 {
			t.Errorf("%d turns in 200 ms", turns)
		}
		c.Abort()
	}
	f(pushertest.Start)
	f(pushertest.StartTLS)
}
