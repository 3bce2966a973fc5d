package main

import (
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
)

// con32 gives pusher-js what a self-hosted server needs, and nothing else.
func con32(t *T) {
	p := t.puppet()
	host, port, err := net.SplitHostPort(t.addr)
	t.check(err, "split the address")
	number, err := strconv.Atoi(port)
	t.check(err, "read the port")
	p.do(
		create("Pusher", "a", t.apps[mainApp].Key, map[string]any{
			"wsHost": host, "wsPort": number, "forceTLS": false, "cluster": "",
		}),
		bind("a.connection", "bind", "connected", "connected"),
	)
	p.await("connected")
}

// con33 lets a client lose its server to a shutdown and find another one at
// the same address.
func con33(t *T) {
	first, second := t.server(), t.server()
	r := t.relay(first.addr)
	l, p := t.laravel(), t.puppet()
	there := t.at(second.addr)
	options := l.options("pusher", "7")
	host, port, err := net.SplitHostPort(r.addr)
	t.check(err, "split the address")
	number, err := strconv.Atoi(port)
	t.check(err, "read the port")
	options["wsHost"], options["wsPort"] = host, number
	p.do(create("Echo", "a", options))

	name := t.name("orders.")
	kinds := map[string]string{"channel": name, "private": "private-" + name, "join": "presence-" + name}
	for kind := range kinds {
		l.open(p, "a", kind, name, bind(roomOf("a", kind), "listen", kind, ".event"))
	}
	before := l.socket(p, "a")
	r.moveTo(second.addr)
	t.check(first.stop(), "stop the first server")
	for kind := range kinds {
		p.await(roomOf("a", kind) + " subscribed")
	}
	after := l.socket(p, "a")
	if before == after {
		t.fatalf("the socket id is %s before and after", before)
	}
	for _, channel := range []string{kinds["private"], kinds["join"]} {
		if asked := l.asked(channel); !slices.Equal(asked, []string{before, after}) {
			t.fatalf("the auth endpoint was asked for %s by %v, want once by %s and once by %s", channel, asked, before, after)
		}
	}
	there.publish(l.app, "event", `{"n":1}`, kinds["channel"], kinds["private"], kinds["join"])
	for kind := range kinds {
		p.hears(kind, `{"n":1}`)
	}
}

// relay passes TCP connections on to a server that may change.
type relay struct {
	addr string

	mu       sync.Mutex
	upstream string // guarded by mu; for connections to come
}

// relay listens on a free loopback port until the check ends.
func (t *T) relay(upstream string) *relay {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	t.check(err, "listen")
	t.closeLater(func() { _ = listener.Close() })
	r := &relay{addr: listener.Addr().String(), upstream: upstream}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go r.pass(conn)
		}
	}()
	return r
}

// moveTo has connections to come go to another server.
func (r *relay) moveTo(addr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.upstream = addr
}

// pass copies both ways until both ends have closed.
func (r *relay) pass(client net.Conn) {
	r.mu.Lock()
	addr := r.upstream
	r.mu.Unlock()
	defer client.Close() //nolint:errcheck // both directions are done
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return // the client sees its connection end, as if no server listened
	}
	defer server.Close() //nolint:errcheck // both directions are done
	var both sync.WaitGroup
	both.Go(func() { transfer(server, client) })
	both.Go(func() { transfer(client, server) })
	both.Wait()
}

// transfer copies to the end of src and passes that end on.
func transfer(dst, src net.Conn) {
	_, _ = io.Copy(dst, src) // an error is an end too
	_ = dst.(*net.TCPConn).CloseWrite()
}
