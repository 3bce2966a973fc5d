package fault

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pieceBytes = 4 << 10
	// pieces that may wait in one direction.
	pieces = 64
	// farewell is how long a side that was sent a FIN has to send its own.
	farewell = time.Second
)

// link is one connection with both its sides.
type link struct {
	// Static after construction.
	number         uint64 // from 1 up, as they were accepted
	seed           uint64
	client, server net.Conn
	done           chan struct{} // closed by a cut

	mu   sync.Mutex
	was  bool          // cut; guarded by mu
	open chan struct{} // closed while nothing is held back; guarded by mu
}

func newLink(number, seed uint64, client, server net.Conn) *link {
	l := &link{number: number, seed: seed, client: client, server: server, done: make(chan struct{}), open: make(chan struct{})}
	close(l.open)
	return l
}

// run passes on in both directions until both have ended.
func (l *link) run(profile *atomic.Pointer[Profile]) {
	var both sync.WaitGroup
	both.Go(func() { l.pass(l.server, l.client, profile, 1) })
	l.pass(l.client, l.server, profile, 2)
	both.Wait()
	_ = l.client.Close() // a cut may have closed them
	_ = l.server.Close()
}

// piece is something that was read, and when it is to be written. An empty one
// is the end.
type piece struct {
	bytes []byte
	due   time.Time
}

// pass reads from one side, and has what was read written to the other.
func (l *link) pass(to, from net.Conn, profile *atomic.Pointer[Profile], direction uint64) {
	waiting := make(chan piece, pieces)
	var writing sync.WaitGroup
	writing.Go(func() { l.write(to, waiting, profile) })
	l.read(from, waiting, profile, rand.New(rand.NewPCG(l.seed, l.number<<2|direction)))
	close(waiting)
	writing.Wait()
}

func (l *link) read(from net.Conn, waiting chan<- piece, profile *atomic.Pointer[Profile], draw *rand.Rand) {
	due := time.Time{}
	for {
		b := make([]byte, pieceBytes)
		n, err := from.Read(b)
		if at := time.Now().Add(profile.Load().wait(draw)); at.After(due) {
			due = at // order is kept
		}
		if n > 0 && !l.isCut() { // what comes after a FIN is read up to the other's, and nobody gets it
			l.hand(waiting, piece{b[:n], due})
		}
		switch {
		case errors.Is(err, io.EOF):
			l.hand(waiting, piece{due: due})
			return
		case err != nil:
			l.cut(Reset) // as the one that has come
			return
		}
	}
}

// hand gives a piece to the writer, unless the connection is cut meanwhile.
func (l *link) hand(waiting chan<- piece, p piece) {
	select {
	case waiting <- p:
	case <-l.done:
	}
}

func (l *link) write(to net.Conn, waiting <-chan piece, profile *atomic.Pointer[Profile]) {
	for p := range waiting {
		if !l.until(p.due) || !l.passable() {
			continue // the rest is taken, and dropped
		}
		if len(p.bytes) == 0 {
			closeWrite(to)
			continue
		}
		if _, err := to.Write(p.bytes); err != nil {
			l.cut(Reset) // the other side must learn that nobody gets it
			continue
		}
		l.until(time.Now().Add(profile.Load().takes(len(p.bytes))))
	}
}

// until waits. It is false when the connection was cut.
func (l *link) until(due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return !l.isCut()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.done:
		return false
	}
}

// passable waits while the connection is stalled. It is false when it was cut.
func (l *link) passable() bool {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	select {
	case <-open:
		return !l.isCut()
	case <-l.done:
		return false
	}
}

func (l *link) isCut() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (l *link) stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heldLocked() {
		return
	}
	l.open = make(chan struct{})
}

func (l *link) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heldLocked() {
		close(l.open)
	}
}

func (l *link) heldLocked() bool {
	select {
	case <-l.open:
		return false
	default:
		return true
	}
}

// cut ends the connection; only the first one counts.
func (l *link) cut(how Cut) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.was {
		return
	}
	l.was = true
	close(l.done)
	for _, side := range []net.Conn{l.client, l.server} {
		if how == Reset {
			reset(side)
			continue
		}
		tcp := tcpOf(side) // below TLS, which would say goodbye
		closeWrite(tcp)
		_ = tcp.SetDeadline(time.Now().Add(farewell)) // fails only when it is closed
	}
}

// closeWrite sends a FIN, after what was written.
func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // fails only when the other side has gone
	}
}

// reset closes with a RST.
func reset(c net.Conn) {
	tcp := tcpOf(c)
	if tcp, ok := tcp.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only when it is closed
	}
	_ = tcp.Close()
}

// tcpOf is the connection that TLS runs over, or c itself.
func tcpOf(c net.Conn) net.Conn {
	if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok {
		return wrapped.NetConn()
	}
	return c
}
