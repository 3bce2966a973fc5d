package pusher

import (
	"cmp"
	"log/slog"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/users"
	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/gate"
	"fanfare/protocol/pusher/tenant"
)

// Name is what records of this protocol's sessions are marked with.
const Name = "pusher"

// Config is what a Server stands on. Fields without a default are required.
type Config struct {
	// Loops is the number of the engine's loops.
	Loops int
	// Loop gives a loop by its index: engine.Server.Loop.
	Loop func(i int) *engine.Loop
	// Submit gives a job to the worker pool, or fails at once when it is
	// full: engine.Server.Submit.
	Submit func(job func()) error

	Apps    apps.Store
	Tenants *apps.Tenants
	IDs     *protocol.Directory

	// Users stand on a registry of their own, one of whose sinks, with the same
	// number as the server has in its registry, is UserSink.
	Users *users.Users

	// ClientEvent is told the events of clients that were relayed, for apps that
	// have webhooks. It must not wait; any goroutine may call it. Nil is told
	// nothing.
	ClientEvent func(ClientEvent)

	// Gate knows who is calling and how many connections a caller may have.
	// Nil: whom the engine names, as many as there are.
	Gate *gate.Gate

	// PongTimeout is how long the answer to a ping may take. Whole seconds,
	// default 30 s.
	PongTimeout time.Duration

	// Log gets lines at level debug: how connections begin and end, and what is
	// refused to them. Clients cause them: it should bound how many there are.
	// Default: nobody gets any.
	Log *slog.Logger

	// Lookups bounds the upgrades that wait for an app's record. Its Workers
	// should be a quarter of the pool: the HTTP API takes another, and half is
	// left for signatures. Default Loops, a quarter of the engine's default.
	Lookups protocol.LookupLimits
}

// ClientEvent is an event that a client sent.
type ClientEvent struct {
	App, Channel, Event, Data, SocketID string
	UserID                              string // of the sender, on presence channels
}

const defaultPongTimeout = 30 * time.Second

// Server is the WebSocket side of the Pusher protocol: an engine.Handler for
// the paths under /app/, and the channels.Sink of its wire format. Make one
// with New, make a registry with it, call Bind, and only then let the loops
// run.
type Server struct {
	// Static after Bind.
	cfg      Config
	registry *channels.Registry
	format   uint8
	homes    []*home
	clock    func() time.Duration // that rate limits are counted in
	pong     int                  // seconds
	lookups  *protocol.Lookups    // upgrades that wait for their app's record
	slow     *slowRules           // what becomes of messages for slow connections
}

var (
	_ engine.Handler = (*Server)(nil)
	_ channels.Sink  = (*Server)(nil)
	_ protocol.Ender = (*session)(nil)
)

// home is what one loop needs to serve its sessions. Owned by the loop, but
// for the counters.
type home struct {
	server   *Server
	index    int
	parser   parser
	scratch  []byte // for texts on their way to engine.Conn.Reply
	inner    []byte // for JSON that goes into a JSON string
	tenants  *tenant.Cache
	counters counters

	deadlines deadlines
}

// New makes a server. It panics when the config lacks what has no default: a
// programmer's mistake.
func New(cfg Config) *Server {
	if cfg.Loops < 1 || cfg.Loop == nil || cfg.Submit == nil || cfg.Apps == nil || cfg.Tenants == nil || cfg.IDs == nil || cfg.Users == nil {
		panic("pusher: Config needs Loops, Loop, Submit, Apps, Tenants, IDs and Users")
	}
	if cfg.PongTimeout <= 0 {
		cfg.PongTimeout = defaultPongTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Lookups.Workers = cmp.Or(cfg.Lookups.Workers, cfg.Loops)
	started := time.Now()
	s := &Server{
		cfg:     cfg,
		clock:   func() time.Duration { return time.Since(started) },
		pong:    max(1, int(cfg.PongTimeout/time.Second)),
		lookups: protocol.NewLookups(cfg.Submit, cfg.Lookups),
		slow:    newSlowRules(cfg.Apps),
	}
	for i := range cfg.Loops {
		h := &home{server: s, index: i, tenants: tenant.NewCache(cfg.Tenants, i)}
		h.deadlines.home = h
		s.homes = append(s.homes, h)
	}
	return s
}

// Bind tells the server which registry it is a sink of, and as which format.
func (s *Server) Bind(r *channels.Registry, format uint8) { s.registry, s.format = r, format }

// Spare buffers larger than this are not kept.
const keepScratch = 64 << 10

// text gives what build appends to the loop's buffer. It is borrowed until the
// next call.
func (h *home) text(build func(dst []byte) []byte) []byte {
	b := build(h.scratch[:0])
	if cap(b) <= keepScratch {
		h.scratch = b
	}
	return b
}
