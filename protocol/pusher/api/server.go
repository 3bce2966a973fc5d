package api

import (
	"cmp"
	"log/slog"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol"
	"fanfare/protocol/gate"
	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/pusher/tenant"
	"fanfare/protocol/strictjson"
)

// Prefix is the path under which the API is served: /apps/ID/...
const Prefix = "/apps/"

// Config is what a Server stands on. Fields without a default are required.
type Config struct {
	// Loops is the number of the engine's loops.
	Loops int
	// Loop gives a loop by its index: engine.Server.Loop.
	Loop func(i int) *engine.Loop
	// Submit gives a job to the worker pool, or fails at once when it is
	// full: engine.Server.Submit.
	Submit func(job func()) error

	Apps     apps.Store
	Tenants  *apps.Tenants
	IDs      *protocol.Directory
	Registry *channels.Registry

	// Terminate ends all connections that are signed in as a user of an app. It
	// calls done exactly once, from any goroutine and before it returns or later:
	// with nil when they are ended or on their way out, also when there are none,
	// and else with an error whose text the application may see. It must not wait,
	// and may keep the strings.
	Terminate func(app, user string, done func(error))

	// Gate knows the proxies whose X-Request-Id is believed. Nil knows none.
	Gate *gate.Gate

	// Log gets a warning for a request that failed, and a line at level debug for
	// one that was refused. Peers cause them: it should bound how many there are.
	// Default: nobody gets any.
	Log *slog.Logger

	// Now is the clock that timestamps are held against, and rates. Default
	// time.Now.
	Now func() time.Time
	// Lookups bounds the requests that wait for an app's record. Its Workers
	// should be a quarter of the pool: the WebSocket side takes another, and
	// half is left for signatures. Default Loops, a quarter of the engine's
	// default.
	Lookups protocol.LookupLimits
}

// Server is an engine.Handler for the paths under Prefix.
type Server struct {
	cfg     Config
	started time.Time // what the clock of rates counts from
	homes   []*home
	lookups *protocol.Lookups // requests that wait for their app's record
}

var _ engine.Handler = (*Server)(nil)

// home is what one loop needs to serve requests. Owned by the loop, but for
// the counters.
type home struct {
	server  *Server
	index   int
	tenants *tenant.Cache

	// For the request that is being served; spare otherwise.
	request     request
	parser      strictjson.Parser // of bodies
	queryParser strictjson.Parser
	params      []auth.Param
	paths       [2]string
	names       []string            // channels of an event
	seen        map[string]struct{} // those of a long list
	events      []event
	messages    []*channels.Message
	inner       []byte // JSON text: data that is no string, what the query has
	response    http1.Response
	answering   *apps.Counters // of the app whose request is answered; nil: its signature was not good
	usual       [2]http1.Field // headers of an answer: the second is its request's id
	ids         requestIDs

	counters counters
}

// New makes a server. It panics when the config lacks what has no default: a
// programmer's mistake.
func New(cfg Config) *Server {
	if cfg.Loops < 1 || cfg.Loop == nil || cfg.Submit == nil || cfg.Apps == nil || cfg.Tenants == nil || cfg.IDs == nil || cfg.Registry == nil ||
		cfg.Terminate == nil {
		panic("api: Config needs Loops, Loop, Submit, Apps, Tenants, IDs, Registry and Terminate")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Lookups.Workers = cmp.Or(cfg.Lookups.Workers, cfg.Loops)
	s := &Server{cfg: cfg, started: cfg.Now(), lookups: protocol.NewLookups(cfg.Submit, cfg.Lookups)}
	start := newStartID()
	for i := range cfg.Loops {
		s.homes = append(s.homes, &home{
			server: s, index: i, ids: newRequestIDs(start, i), usual: [2]http1.Field{anyOrigin[0], {Name: requestIDHeader}},
			tenants: tenant.NewCache(cfg.Tenants, i), seen: map[string]struct{}{},
		})
	}
	return s
}

// Changed tells that there is no app with this id any more. Any goroutine.
func (s *Server) Changed(id string) {
	for i, h := range s.homes {
		s.cfg.Loop(i).Post(engine.TaskFunc(func(*engine.Loop) { h.tenants.Forget(id) }))
	}
}
