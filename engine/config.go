package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"time"

	"fanfare/engine/http1"
	"fanfare/engine/proxyproto"
)

// Config is what a Server needs to know. The zero value of every field means its
// default; there has to be one of Addrs, TLSAddrs, Listeners or TLSListeners.
type Config struct {
	// Addrs are the TCP addresses to listen on, "host:port". Port 0 takes a
	// free one (the same for all addresses).
	Addrs []string
	// TLSAddrs are the TCP addresses whose connections begin with a TLS handshake,
	// as Addrs; port 0 takes another one than theirs. Default none. TLS configures
	// them: certificates, MinVersion, CurvePreferences and NextProtos are taken from
	// it. See tlsconn.NewConfig.
	TLSAddrs []string
	TLS      *tls.Config
	// Handshakes are how many TLS handshakes are computed at a time. Default Loops.
	Handshakes int
	// HandshakeQueue is how many may wait until they are. Beyond, connections are
	// closed. Default 4,096.
	HandshakeQueue int
	// HandshakesOpen is how many may have begun and wait for their peers. Beyond,
	// the one that does so for the longest time is ended. Each takes 25 KB, 8 KB of
	// them a goroutine's stack, and up to twice that before the garbage is collected.
	// Default 4,096: 100 MB, and as many as eight cores answer in a third of a second.
	HandshakesOpen int
	// Listeners are TCP sockets that listen already, such as a service manager
	// hands over, and are served beside those on Addrs: who connected before the
	// server was there is served too. All loops serve each, or take one of
	// several on the same address (SO_REUSEPORT). Linux only. Start takes them over
	// and closes these files, also when it fails. They stay open in the program
	// that passed them: to it, closing them is not the end of listening.
	Listeners []*os.File
	// TLSListeners are such sockets whose connections begin with a TLS handshake.
	TLSListeners []*os.File
	// Late has the server accept nobody until Server.Serve: newcomers wait in the
	// sockets of Listeners and TLSListeners, and there are no Addrs. Meanwhile
	// connections of another process can be taken in (Server.Enrol). Linux only.
	Late bool
	// Loops is the number of event loops. Default runtime.GOMAXPROCS(0),
	// which knows the cgroup's CPU limit. At most MaxLoops.
	Loops int
	// MaxConnections is the number of open connections at which newcomers
	// are refused. Default and upper bound: the process's descriptor limit,
	// raised to its hard limit, less Headroom, Reserved and what the loops take.
	MaxConnections int
	// Reserved is how many descriptors others in the process need. Default 0.
	Reserved int
	// Head bounds request heads. Default http1.DefaultLimits.
	Head http1.Limits
	// MaxMessage bounds one WebSocket message, in bytes, fragments taken
	// together. Default 1 MiB. A larger one is closed with 1009.
	MaxMessage int
	// QueueBytes and QueueFrames bound what waits for one connection whose
	// socket takes no more. Defaults 1 MiB and 1,024. One frame is always
	// admitted, however large. Beyond, what a Rule lets be dropped is, oldest
	// first, and then: SlowClose. A connection that keeps up may have 256 frames
	// or 512 KiB waiting for a moment: with lower limits a burst looks like
	// slowness.
	QueueBytes, QueueFrames int
	// QueueAge bounds the time that frames wait whose Rule is Disconnect and has
	// no age of its own, to within two seconds. Default 30 s: a phone in a tunnel
	// comes back in less, and who does not answer pings is gone soon after.
	// Beyond: SlowClose. A connection closed for its slowness has as long to
	// wake up and read why.
	QueueAge time.Duration
	// QueueBudget bounds the bytes waiting for all connections together.
	// Default: a quarter of the memory that the cgroup or machine gives.
	// Beyond, the connection whose oldest frame has waited longest is closed.
	QueueBudget int64
	// InputBudget bounds the bytes of unfinished requests and messages of all
	// connections together. Default: an eighth of the memory that the cgroup or
	// machine gives. Beyond, whoever sends more of one is refused: 503, or
	// close code 1013. So are, from three quarters on, those who have left one
	// unfinished for more than five seconds.
	InputBudget int64
	// MailboxBytes bounds the deliveries posted to one loop and not yet run.
	// Default 64 MiB.
	MailboxBytes int64
	// HeadTimeout is the time from connect (or the end of an answer, for
	// bytes that have begun) to a complete request. Default 10 s.
	HeadTimeout time.Duration
	// KeepAlive is how long a connection may stay silent between two
	// requests. Default 75 s.
	KeepAlive time.Duration
	// AnswerTimeout is the time that a parked request may wait. Default 10 s;
	// then 503.
	AnswerTimeout time.Duration
	// CloseTimeout is the time that the peer has to answer a close frame, and
	// to read the last bytes. Default 2 s.
	CloseTimeout time.Duration
	// ProxyProtocol has every connection from TrustedProxies begin with a PROXY
	// header, version 1 or 2, which names the client: proxies must send one, and
	// are refused without. It has no effect on anybody else. Default false.
	ProxyProtocol bool
	// TrustedProxies are the addresses of proxies that are believed. Default
	// none.
	TrustedProxies []netip.Prefix
	// Workers and WorkerQueue size the worker pool: goroutines, and jobs that
	// may wait for one. Defaults 4 per loop and 4,096.
	Workers, WorkerQueue int
	// NoIOUring has broadcasts sent with a system call for each connection,
	// also where the kernel offers io_uring.
	NoIOUring bool
	// SlowClose is the close code and reason for a connection that reads too
	// slowly. Default 4100 (Pusher: over capacity, reconnect after a second). The
	// limit that was reached follows the reason.
	SlowClose CloseReason
	// ErrorFields are sent with the answers that the engine gives by itself, to
	// requests that can't be read, are too large or too slow. Default none.
	ErrorFields []http1.Field
	// Logger takes life events, one line each, none per message. Default
	// slog.Default().
	Logger *slog.Logger
}

// CloseReason is what a close frame says. The reason is cut at 123 bytes.
type CloseReason struct {
	Code   uint16
	Reason string
}

// Headroom is the number of descriptors kept free of client connections, beside
// those of the loops: for listeners, pollers, files, workers' dials, and for
// telling newcomers that the server is full.
const Headroom = 256

// loopDescriptors is what a loop takes beside its listeners: gnet's epoll and
// wake-up descriptors, the ring, and the bell with both its ends.
const loopDescriptors = 5

// KeptDescriptors is how many descriptors a Server with this Config keeps free of
// client connections, once its defaults are set.
func (c *Config) KeptDescriptors() int {
	places := len(c.Addrs) + len(c.TLSAddrs) + placesFor(c.Listeners, c.Loops) + placesFor(c.TLSListeners, c.Loops)
	return Headroom + c.Reserved + c.Loops*(loopDescriptors+places)
}

// SetDefaults fills in the default of every field that is zero.
func (c *Config) SetDefaults() {
	def(&c.Loops, min(runtime.GOMAXPROCS(0), MaxLoops))
	c.Head = headDefaults(c.Head)
	def(&c.MaxMessage, 1<<20)
	def(&c.QueueBytes, 1<<20)
	def(&c.QueueFrames, 1024)
	def(&c.QueueAge, 30*time.Second)
	if c.QueueBudget == 0 || c.InputBudget == 0 { // else the system need not be asked
		limit := MemoryLimit()
		def(&c.QueueBudget, limit/4)
		def(&c.InputBudget, limit/8)
	}
	def(&c.MailboxBytes, 64<<20)
	def(&c.HeadTimeout, 10*time.Second)
	def(&c.KeepAlive, 75*time.Second)
	def(&c.AnswerTimeout, 10*time.Second)
	def(&c.CloseTimeout, 2*time.Second)
	def(&c.Handshakes, c.Loops)
	def(&c.HandshakeQueue, 4096)
	def(&c.HandshakesOpen, 4096)
	def(&c.Workers, 4*c.Loops)
	def(&c.WorkerQueue, 4096)
	def(&c.SlowClose, CloseReason{4100, "too slow"})
	def(&c.Logger, slog.Default())
}

func headDefaults(l http1.Limits) http1.Limits {
	d := http1.DefaultLimits()
	def(&l.Head, d.Head)
	def(&l.Fields, d.Fields)
	return l
}

// def sets what is still zero to its default.
func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) validate() error {
	switch {
	case len(c.Addrs)+len(c.TLSAddrs)+len(c.Listeners)+len(c.TLSListeners) == 0:
		return errors.New("engine: no address to listen on")
	case c.Late && len(c.Addrs)+len(c.TLSAddrs) > 0:
		return errors.New("engine: a server that is Late takes over sockets: it has Listeners, and no Addrs")
	case len(c.TLSAddrs)+len(c.TLSListeners) > 0 && c.TLS == nil:
		return errors.New("engine: addresses are to speak TLS, but there is no configuration of it: set TLS, with a certificate")
	case c.Loops < 1 || c.Loops > MaxLoops:
		return fmt.Errorf("engine: %d loops: there can be 1 to %d", c.Loops, MaxLoops)
	case min(c.MaxConnections, c.Reserved, c.MaxMessage, c.QueueBytes, c.QueueFrames, c.Workers, c.WorkerQueue) < 0,
		min(c.Handshakes, c.HandshakeQueue, c.HandshakesOpen) < 0,
		min(c.QueueBudget, c.InputBudget, c.MailboxBytes) < 0,
		min(c.QueueAge, c.HeadTimeout, c.KeepAlive, c.AnswerTimeout, c.CloseTimeout) < 0:
		return errors.New("engine: a size, number or time is negative: give 0 for its default")
	case c.ProxyProtocol && len(c.TrustedProxies) == 0:
		return errors.New("engine: PROXY headers are expected, but there are no trusted proxies: name the proxies' addresses, or switch the headers off")
	}
	if err := proxyproto.Trusted(c.TrustedProxies).Validate(); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}
