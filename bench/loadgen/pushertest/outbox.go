package pushertest

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// Slow is a rule for slow readers: it is given a subscriber's number and what
// waits for it, the newest last, and returns what is kept of that, and whether
// the connection is to be closed with 4100 after it.
type Slow func(subscriber int, waiting []string) (kept []string, closing bool)

// StartSlow starts an honest server with a rule for slow readers. The kernel
// keeps little for its connections, so that they are soon felt.
func StartSlow(t *testing.T, slow Slow) *Server {
	t.Helper()
	s := prepare(t, func(_ int, frame string) []string { return []string{frame} }, slow)
	s.http.Start()
	return s
}

// StartPatient starts one that sends what tamper says, and keeps whatever slow
// readers do not read.
func StartPatient(t *testing.T, tamper Tamper) *Server {
	t.Helper()
	s := prepare(t, tamper, func(_ int, waiting []string) ([]string, bool) { return waiting, false })
	s.http.Start()
	return s
}

// narrow makes the kernel keep little for a connection.
func narrow(ctx context.Context, c net.Conn) context.Context {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(4096) // otherwise the test needs more messages
	}
	return ctx
}

// outbox is what waits for a connection, and the goroutine that sends it.
type outbox struct {
	ws   *websocket.Conn
	slow func(waiting []string) (kept []string, closing bool)
	done chan struct{}

	mu      sync.Mutex
	wake    *sync.Cond
	waiting []string
	closing bool
	ended   bool
}

func newOutbox(c *conn, slow Slow) *outbox {
	o := &outbox{ws: c.ws, done: make(chan struct{})}
	o.slow = func(waiting []string) ([]string, bool) { return slow(c.number, waiting) }
	o.wake = sync.NewCond(&o.mu)
	go o.run()
	return o
}

func (o *outbox) put(frame string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing {
		return
	}
	o.waiting, o.closing = o.slow(append(o.waiting, frame))
	o.wake.Signal()
}

func (o *outbox) run() {
	defer close(o.done)
	for {
		frame, closing, ended := o.next()
		switch {
		case ended:
			return
		case closing:
			_ = o.ws.Close(4100, "too slow") // the reader may be gone
			return
		}
		if o.ws.Write(context.Background(), websocket.MessageText, []byte(frame)) != nil {
			return
		}
	}
}

// next waits for something to do.
func (o *outbox) next() (frame string, closing, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) == 0 && !o.closing && !o.ended {
		o.wake.Wait()
	}
	if o.ended || len(o.waiting) == 0 {
		return "", o.closing, o.ended
	}
	frame, o.waiting = o.waiting[0], o.waiting[1:]
	return frame, false, false
}

// end stops the goroutine, whose connection is closed by then.
func (o *outbox) end() {
	_ = o.ws.CloseNow() // it may be closed already
	o.mu.Lock()
	o.ended = true
	o.wake.Signal()
	o.mu.Unlock()
	<-o.done
}
