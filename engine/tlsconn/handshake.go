package tlsconn

import (
	"crypto/tls"
	"net"
	"sync"
)

// Handshake makes a connection's handshake. One goroutine calls Run; another
// brings what the peer sends.
type Handshake struct {
	// Static.
	config        *tls.Config
	client        bool
	remote, local net.Addr
	send          func([]byte)
	idle          func(waits bool)

	// Owned by Run's goroutine.
	out     []byte // for the peer, not handed to send yet
	sent    []byte // all that was
	secrets secrets

	mu    sync.Mutex
	fed   sync.Cond
	in    []byte // guarded by mu: from the peer,
	read  int    // guarded by mu: and how much of that was read
	ended error  // guarded by mu
	under record // guarded by mu: the one that is being read
}

func newHandshake(config *tls.Config, client bool, p Peer) *Handshake {
	h := &Handshake{config: config, client: client, remote: p.Remote, local: p.Local, send: p.Send, idle: p.Idle}
	h.fed.L = &h.mu
	return h
}

// Feed brings bytes of the peer, which are copied. It reports whether there was
// room for them: whether no more than most bytes wait to be read.
func (h *Handshake) Feed(data []byte, most int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.in)-h.read+len(data) > most {
		return false
	}
	h.in = append(h.in, data...)
	h.fed.Signal()
	return true
}

// End makes Run return with an error, if it has not already.
func (h *Handshake) End(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = err
	h.fed.Signal()
}

// Rest gives what the peer has sent beyond the handshake, once Run has returned.
func (h *Handshake) Rest() []byte { return h.in[h.read:] }

// Run makes the handshake, and waits for the peer as often as that takes. All that
// is for the peer has been handed to Peer.Send when it returns, an alert included
// where it fails.
func (h *Handshake) Run() (*Conn, tls.ConnectionState, error) {
	w := (*wire)(h)
	t := h.tlsConn(w)
	err := t.Handshake()
	h.flush()
	if err != nil {
		return nil, tls.ConnectionState{}, err
	}
	state := t.ConnectionState()
	defer h.secrets.forget()
	c, err := h.secrets.conn(state, h.client, h.sent, h.sealed())
	return c, state, err
}

// tlsConn is crypto/tls's side of it.
func (h *Handshake) tlsConn(w *wire) *tls.Conn {
	if !h.client {
		return tls.Server(w, h.config)
	}
	config := h.config.Clone()
	config.KeyLogWriter = &h.secrets
	return tls.Client(w, config)
}

// flush hands on what was written.
func (h *Handshake) flush() {
	if len(h.out) == 0 {
		return
	}
	h.sent = append(h.sent, h.out...)
	h.send(h.out)
	h.out = nil
}

// Read gives crypto/tls bytes of one record at most, so that it reads nothing that
// comes after its handshake.
func (w *wire) Read(p []byte) (int, error) {
	h := (*Handshake)(w)
	h.flush()
	if h.starved() && h.idle != nil {
		h.idle(true)
		h.await()
		h.idle(false)
	}
	h.await()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended != nil {
		return 0, h.ended
	}
	n := copy(p, h.under.next(h.in[h.read:]))
	h.under.took(h.in[h.read:][:n])
	if h.read += n; h.read == len(h.in) {
		h.in, h.read = h.in[:0], 0
	}
	return n, nil
}

// sealed is how many records of TLS 1.2 the peer has sealed by now.
func (h *Handshake) sealed() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.under.sealed
}

func (h *Handshake) starved() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.read == len(h.in) && h.ended == nil
}

// await returns when there is something to read, or the end.
func (h *Handshake) await() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.read == len(h.in) && h.ended == nil {
		h.fed.Wait()
	}
}

// record is how far a record has been read.
type record struct {
	head   [headerLen]byte
	n      int    // bytes read
	change bool   // a ChangeCipherSpec went before
	sealed uint64 // records since that
}

// next gives what data has of the header, or of the rest when that is known.
func (r *record) next(data []byte) []byte {
	if r.n < headerLen {
		return data[:min(len(data), headerLen-r.n)]
	}
	return data[:min(len(data), r.length()-r.n)]
}

func (r *record) length() int { return headerLen + int(r.head[3])<<8 + int(r.head[4]) }

func (r *record) took(data []byte) {
	if r.n < headerLen {
		copy(r.head[r.n:], data)
	}
	r.n += len(data)
	if r.n >= headerLen && r.n >= r.length() {
		r.n = 0
		r.count()
	}
}

// count counts a record that is complete.
func (r *record) count() {
	switch {
	case r.change:
		r.sealed++
	case r.head[0] == typeChangeCipherSpec:
		r.change = true
	}
}
