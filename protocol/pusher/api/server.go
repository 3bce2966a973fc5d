package api

import (
	"cmp"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol"
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
	// Submit gives a job to the worker pool, or fails at once when it is
	// full: engine.Server.Submit.
	Submit func(job func()) error

	Apps     apps.Store
	Tenants  *apps.Tenants
	IDs      *protocol.Directory
	Registry *channels.Registry

	// Now is the clock that timestamps are held against. Default time.Now.
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
	request  request
	parser   strictjson.Parser
	params   []auth.Param
	paths    [2]string
	names    []string            // channels of an event
	seen     map[string]struct{} // those of a long list
	events   []event
	inner    []byte // JSON text of data that is no string
	response http1.Response

	counters counters
}

// New makes a server. It panics when the config lacks what has no default: a
// programmer's mistake.
func New(cfg Config) *Server {
	if cfg.Loops < 1 || cfg.Submit == nil || cfg.Apps == nil || cfg.Tenants == nil || cfg.IDs == nil || cfg.Registry == nil {
		panic("api: Config needs Loops, Submit, Apps, Tenants, IDs and Registry")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Lookups.Workers = cmp.Or(cfg.Lookups.Workers, cfg.Loops)
	s := &Server{cfg: cfg, lookups: protocol.NewLookups(cfg.Submit, cfg.Lookups)}
	for i := range cfg.Loops {
		s.homes = append(s.homes, &home{
			server: s, index: i, tenants: tenant.NewCache(cfg.Tenants, i), seen: map[string]struct{}{},
		})
	}
	return s
}
