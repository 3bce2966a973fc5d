package private

import (
	"net"
	"sync"
	"sync/atomic"
)

// limit closes newcomers at once when a number of connections is open, so that
// nobody takes the process's descriptors here.
type limit struct {
	net.Listener

	open atomic.Int64
	most int64
}

func newLimit(ln net.Listener, most int) *limit { return &limit{Listener: ln, most: int64(most)} }

// Accept implements net.Listener.
func (l *limit) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.most {
			return &counted{Conn: c, limit: l}, nil
		}
		l.open.Add(-1)
		_ = c.Close() // its owner sees the end
	}
}

// counted is a connection that counts until it is closed.
type counted struct {
	net.Conn

	limit *limit
	once  sync.Once
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.once.Do(func() { c.limit.open.Add(-1) })
	return c.Conn.Close()
}
