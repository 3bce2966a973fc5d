package api

import (
	"sync/atomic"
	"time"

	"github.com/valyala/fastjson"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol"
	"fanfare/protocol/pusher/auth"
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
	// MaxLookups bounds the requests that wait for an app's record at once,
	// default 1,024, and LookupBytes what they hold meanwhile, default 64 MiB.
	MaxLookups  int
	LookupBytes int64
	// LookupTimeout is how long one may wait, default 5 s.
	LookupTimeout time.Duration
}

const (
	defaultMaxLookups    = 1024
	defaultLookupBytes   = 64 << 20
	defaultLookupTimeout = 5 * time.Second
)

// Server is an engine.Handler for the paths under Prefix.
type Server struct {
	cfg   Config
	homes []*home

	lookups     atomic.Int64 // requests waiting for an app's record
	lookupBytes atomic.Int64 // and what they hold
}

var _ engine.Handler = (*Server)(nil)

// home is what one loop needs to serve requests. Owned by the loop, but for
// the counters.
type home struct {
	server  *Server
	index   int
	tenants map[string]*tenant // by app id

	// For the request that is being served; spare otherwise.
	request  request
	parser   fastjson.Parser
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
	if cfg.MaxLookups <= 0 {
		cfg.MaxLookups = defaultMaxLookups
	}
	if cfg.LookupBytes <= 0 {
		cfg.LookupBytes = defaultLookupBytes
	}
	if cfg.LookupTimeout <= 0 {
		cfg.LookupTimeout = defaultLookupTimeout
	}
	s := &Server{cfg: cfg}
	for i := range cfg.Loops {
		s.homes = append(s.homes, &home{
			server: s, index: i, tenants: map[string]*tenant{}, seen: map[string]struct{}{},
		})
	}
	return s
}

// tenant is one app as one loop knows it: the record, and what is prepared
// from it. A changed record gets a new tenant. Static.
type tenant struct {
	app      *apps.App
	live     *apps.Live
	counters *apps.Counters // this loop's
	signer   *auth.Signer
}

// tenantOf finds or makes the app's tenant. The map grows with the apps that
// were met, never with what strangers ask for.
func (h *home) tenantOf(app *apps.App) *tenant {
	if t := h.tenants[app.ID]; t != nil && t.app == app {
		return t
	}
	live := h.server.cfg.Tenants.Of(app)
	t := &tenant{app: app, live: live, counters: live.On(h.index), signer: auth.NewSigner(app.Key, app.Secret)}
	h.tenants[app.ID] = t
	return t
}
