//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pusher/pusher-http-go/v5"
)

// steady publishes one number after the other over one connection, which it never gives up: a cut is an error.
type steady struct {
	channel   string
	visitor   *visitor
	published int // once it has ended
}

// publish publishes until ctx ends.
func (p *steady) publish(ctx context.Context, library *pusher.Client) error {
	every := time.NewTicker(2 * time.Millisecond)
	defer every.Stop()
	for ; ctx.Err() == nil; p.published++ {
		if err := library.Trigger(p.channel, "tick", strconv.Itoa(p.published)); err != nil {
			return fmt.Errorf("%s: publish %d: %w", p.channel, p.published, err)
		}
		<-every.C
	}
	return nil
}

// stays is a transport that also wants the server to keep the connection.
type stays struct{ kept }

// RoundTrip implements http.RoundTripper.
func (s stays) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.kept.RoundTrip(r)
	if err == nil && res.Close {
		err = fmt.Errorf("the server answers %s, and is about to close the connection", res.Status)
	}
	return res, err
}

// publisher is a library with a connection of its own, which can be torn.
func (s *server) publisher(t *testing.T) (*pusher.Client, *tornConn) {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(4 * patience)); err != nil {
		t.Fatal(err)
	}
	torn := &tornConn{Conn: conn}
	library := s.library()
	library.HTTPClient = &http.Client{Transport: stays{kept{torn, bufio.NewReader(torn)}}}
	return library, torn
}

// visitor is a client of the default app.
func (s *server) visitor(t *testing.T) *visitor {
	t.Helper()
	return visit(t, "ws://"+s.addr+"/app/"+appKey+"?protocol=7", nil)
}

// TestUpgradePublishers: publishers keep their connections through three upgrades, the npm package pusher with a keep-alive agent
// among them. What they publish meanwhile, and requests of which half the head or half the body has come, are answered, and
// arrive once and in order.
func TestUpgradePublishers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	ticking := []*steady{{channel: "feed-0"}, {channel: "feed-1"}}
	errs := make(chan error, len(ticking))
	for _, p := range ticking {
		p.visitor = s.visitor(t)
		p.visitor.joins(t, p.channel)
		library, _ := s.publisher(t)
		running.Go(func() { errs <- p.publish(ctx, library) })
	}
	node := newNodeLibrary(t, s)
	node.options["keepAlive"] = true
	slow := s.visitor(t)
	slow.joins(t, "orders")
	halfHead, head := s.publisher(t)
	halfBody, body := s.publisher(t)
	for range 3 {
		node.expect(t, rawJSON(`{}`), "trigger", "orders", "created", order)
		slow.hears(t, "created")
		inHead, inBody := begin(halfHead, head, "half a head", ""), begin(halfBody, body, "half a body", large(3000))
		s.upgrade(t)
		for _, half := range []func() error{inHead, inBody} {
			if err := half(); err != nil {
				t.Fatal(err)
			}
		}
		slow.hears(t, "half a head")
		slow.hears(t, "half a body")
		node.expect(t, rawJSON(`{}`), "trigger", "orders", "created", order)
		slow.hears(t, "created")
	}
	stop()
	for _, p := range ticking {
		if err := <-errs; err != nil {
			t.Error(err)
		}
		running.Wait()
		for n := range p.published {
			if got := p.visitor.hears(t, "tick").text(); got != strconv.Itoa(n) {
				t.Fatalf("%s: %s came instead of %d of %d", p.channel, got, n, p.published)
			}
		}
	}
	var opened int
	if node.node.call(t, "connections", args{}, &opened); opened != 1 {
		t.Errorf("the npm package pusher has opened %d connections, want 1", opened)
	}
}

// begin publishes an event of whose request half is out when it returns. finish sends the rest and waits for the answer.
func begin(library *pusher.Client, conn *tornConn, event, data string) (finish func() error) {
	half := conn.tear()
	answer := make(chan error, 1)
	go func() { answer <- library.Trigger("orders", event, data) }()
	<-half
	return func() error {
		if err := conn.mend(); err != nil {
			return err
		}
		return <-answer
	}
}
