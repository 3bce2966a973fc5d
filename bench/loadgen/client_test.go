//go:build linux

package loadgen_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/loadgen"
	"fanfare/bench/loadgen/pushertest"
)

// heard is what a client was called back with.
type heard struct {
	opened int
	texts  []string
	ending *loadgen.Ending
}

// talk opens a client that joins a channel as soon as it can.
func talk(t *testing.T, l *loadgen.Loop, target *loadgen.Target, join loadgen.Subscription) (*loadgen.Client, *heard) {
	t.Helper()
	h := &heard{}
	var c *loadgen.Client
	c, err := l.Client(target, loadgen.ClientOptions{
		Opened: func() {
			h.opened++
			c.Subscribe(join)
		},
		Text:  func(payload []byte) { h.texts = append(h.texts, string(payload)) },
		Ended: func(e loadgen.Ending) { h.ending = &e },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, h
}

func run(t *testing.T, l *loadgen.Loop, done func() bool) {
	t.Helper()
	if err := l.Run(within(t, 10*time.Second), done); err != nil {
		t.Fatal(err)
	}
}

func (h *heard) count(event string) (n int) {
	for _, text := range h.texts {
		if strings.Contains(text, `"`+event+`"`) {
			n++
		}
	}
	return n
}

// Two members of a room: what one does, the other hears.
func TestClientsTalk(t *testing.T) {
	server, l := pushertest.Start(t), newLoop(t)
	member := func(id int) loadgen.Subscription {
		return loadgen.Subscription{Channel: "presence-room", ChannelData: fmt.Sprintf(`{"user_id":"%d"}`, id)}
	}
	a, heardA := talk(t, l, server.Target(), member(1))
	run(t, l, func() bool { return heardA.count("pusher_internal:subscription_succeeded") == 1 })
	b, heardB := talk(t, l, server.Target(), member(2))
	run(t, l, func() bool {
		return heardB.count("pusher_internal:subscription_succeeded") == 1 && heardA.count("pusher_internal:member_added") == 1
	})
	b.Send([]byte(`{"event":"client-hi","channel":"presence-room","data":{"a":1}}`))
	b.Unsubscribe("presence-room")
	b.Ping()
	run(t, l, func() bool {
		return heardB.count("pusher:pong") == 1 && heardA.count("pusher_internal:member_removed") == 1
	})
	want := `{"event":"client-hi","channel":"presence-room","data":"{\"a\":1}","user_id":"2"}`
	if diff := cmp.Diff(want, heardA.texts[2]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Subscribe(member(2))
	run(t, l, func() bool { return heardA.count("pusher_internal:member_added") == 2 })
	b.Leave()
	run(t, l, func() bool { return heardB.ending != nil && heardA.count("pusher_internal:member_removed") == 2 })
	if heardB.ending.Code != 1000 || b.Alive() {
		t.Errorf("left with %+v", heardB.ending)
	}
	a.Abort()
	a.Abort()
	if a.Alive() || heardA.ending != nil || heardA.opened != 1 {
		t.Errorf("aborted: %+v", heardA)
	}
}

func TestClientTellsHowItEnded(t *testing.T) {
	f := func(sent string, code int, want string) {
		t.Helper()
		l := newLoop(t)
		c, h := talk(t, l, scripted(t, sent), loadgen.Subscription{Channel: "bench"})
		run(t, l, func() bool { return h.ending != nil })
		if h.ending.Code != code || !strings.Contains(h.ending.Err.Error(), want) || c.Alive() {
			t.Errorf("got %+v, want %d and %q", h.ending, code, want)
		}
		c.Ping() // what is sent afterwards goes nowhere
		c.Deafen()
		c.Listen()
		c.Sip(1)
	}
	f("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nbad", 0, "404: bad")
	f(upgraded+"\x88\x0a\x10\x04too slow", 4100, "closed with 4100: too slow")
	f(upgraded+"\x88\x00", 1005, "without a code")
	f(upgraded+"\x81\x31"+`{"event":"pusher:error","data":{"code":4301,"x":""}}`[:49], 0, "4301")
	f(upgraded+"\x81\x2d"+`{"event":"pusher:connection_established","x":1`[:45], 0, "no socket_id")
	f(upgraded+"\x82\x00", 0, "opcode 0x2")
	f(upgraded+"\x81\xff", 0, "masked")
	f(upgraded+cutFrame, 0, "EOF")
}

// A deaf client gets nothing, a sipping one as many bytes as it takes, and one
// that listens again all of it.
func TestClientGoesSlow(t *testing.T) {
	const text = `{"event":"x"}`
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	target, err := loadgen.NewTarget("ws://"+ln.Addr().String()+"/app/key", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	l := newLoop(t)
	c, h := talk(t, l, target, loadgen.Subscription{Channel: "bench"})
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	hello := `{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.2\"}"}`
	send(t, server, upgraded+"\x81"+string(rune(len(hello)))+hello)
	run(t, l, func() bool { return h.opened == 1 })

	c.Deafen()
	send(t, server, strings.Repeat("\x81"+string(rune(len(text)))+text, 3))
	turns := 0
	run(t, l, func() bool { turns++; return turns > 3 })
	if len(h.texts) != 0 {
		t.Fatalf("a deaf client got %q", h.texts)
	}
	for range 2 + len(text) {
		c.Sip(1)
	}
	if diff := cmp.Diff([]string{text}, h.texts); diff != "" {
		t.Errorf("sipping (-want +got):\n%s", diff)
	}
	c.Listen()
	run(t, l, func() bool { return len(h.texts) == 3 })
	server.Close()
	run(t, l, func() bool { return h.ending != nil })
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// What is torn leaves in two parts, and what is sent meanwhile after it.
func TestClientTears(t *testing.T) {
	server, l := pushertest.Start(t), newLoop(t)
	c, heard := talk(t, l, server.Target(), loadgen.Subscription{Channel: "a"})
	run(t, l, func() bool { return heard.count("pusher_internal:subscription_succeeded") == 1 })
	var sizes []int
	c.Tear = func(size int) int {
		sizes = append(sizes, size)
		return 9
	}
	c.Ping()
	c.Subscribe(loadgen.Subscription{Channel: "b"})
	other, answered := talk(t, l, server.Target(), loadgen.Subscription{Channel: "c"})
	run(t, l, func() bool { return answered.count("pusher_internal:subscription_succeeded") == 1 })
	if len(sizes) != 1 || sizes[0] < 20 || len(heard.texts) != 1 || server.Count().Pings != 0 {
		t.Errorf("torn %v; heard %q and %d pings before the rest was sent", sizes, heard.texts, server.Count().Pings)
	}
	c.Mend()
	run(t, l, func() bool { return heard.count("pusher_internal:subscription_succeeded") == 2 })
	if heard.count("pusher:pong") != 1 || heard.ending != nil {
		t.Errorf("heard %q, %v", heard.texts, heard.ending)
	}
	c.Abort()
	c.Mend()
	other.Abort()
}
