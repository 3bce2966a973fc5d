package fault

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Dial opens the other side of a connection: a TCP connection, or one that has
// NetConn to tell its own, as tls.Conn. It must return soon after ctx has ended.
type Dial func(ctx context.Context) (net.Conn, error)

// To dials an address, HOST:PORT.
func To(address string) Dial {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }
}

// Proxy listens, and passes on what comes. Its methods may be called by any
// goroutine.
type Proxy struct {
	listener net.Listener
	dial     Dial
	ctx      context.Context // ends with the proxy
	end      context.CancelFunc
	work     sync.WaitGroup // every goroutine of the proxy
	profile  atomic.Pointer[Profile]

	seed uint64

	mu    sync.Mutex // guards all below
	draws uint64     // so far
	links map[*link]struct{}
}

// Listen starts a proxy on an address, HOST:PORT (port 0 takes a free one). Close
// is due.
func Listen(address string, dial Dial, seed uint64) (*Proxy, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("fault proxy: %w", err)
	}
	p := &Proxy{listener: l, dial: dial, seed: seed, links: map[*link]struct{}{}}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.profile.Store(&Profile{})
	p.work.Go(p.accept)
	return p, nil
}

// Addr is where it listens.
func (p *Proxy) Addr() net.Addr { return p.listener.Addr() }

// Set has the bytes that are read from now on, of all connections, treated so.
func (p *Proxy) Set(profile Profile) { p.profile.Store(&profile) }

// Links is how many connections there are.
func (p *Proxy) Links() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Stall lets nothing more pass on a share (0 to 1) of the connections, until
// Resume. They stay open, and their buffers fill up. It returns how many.
func (p *Proxy) Stall(share float64) int {
	return p.each(share, (*link).stall)
}

// Resume ends all stalls.
func (p *Proxy) Resume() { p.each(1, (*link).resume) }

// Cut ends a share (0 to 1) of the connections, with whatever was under way. It
// returns how many.
func (p *Proxy) Cut(how Cut, share float64) int {
	return p.each(share, func(l *link) { l.cut(how) })
}

// each does something to some of the connections. Who is hit by one draw and
// not by another depends on the seed and on which connection it is, and hardly
// on how many others there are.
func (p *Proxy) each(share float64, do func(*link)) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draws++
	luck := func(l *link) uint64 { return rand.NewPCG(p.seed+p.draws, l.number).Uint64() }
	all := slices.SortedFunc(maps.Keys(p.links), func(a, b *link) int { return cmp.Compare(luck(a), luck(b)) })
	n := min(len(all), int(math.Ceil(share*float64(len(all)))))
	for _, l := range all[:n] {
		do(l)
	}
	return n
}

// Close stops listening, resets every connection and waits for all goroutines.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.end()
	p.Cut(Reset, 1)
	p.work.Wait()
	return err
}

func (p *Proxy) accept() {
	for number := uint64(1); ; number++ {
		client, err := p.listener.Accept()
		if err != nil {
			// Out of descriptors, perhaps: some may be closed soon.
			select {
			case <-p.ctx.Done():
				return
			case <-time.After(10 * time.Millisecond):
				continue
			}
		}
		p.work.Go(func() { p.serve(number, client) })
	}
}

// serve connects the other side and passes on until both are done. Who can't
// be connected is reset, as if nobody listened.
func (p *Proxy) serve(number uint64, client net.Conn) {
	server, err := p.dial(p.ctx)
	if err != nil {
		reset(client)
		return
	}
	l := p.add(number, client, server)
	if l == nil {
		reset(client)
		reset(server)
		return
	}
	l.run(&p.profile)
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// add makes a link; nil when the proxy is closing.
func (p *Proxy) add(number uint64, client, server net.Conn) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return nil
	}
	l := newLink(number, p.seed, client, server)
	p.links[l] = struct{}{}
	return l
}
