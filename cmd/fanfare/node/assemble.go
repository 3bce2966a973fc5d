//go:build unix

package node

import (
	"cmp"
	"context"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/apps/database"
	"fanfare/channels/users"
	"fanfare/channels/webhooks"
	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/gate"
	"fanfare/protocol/pusher"
	"fanfare/protocol/pusher/api"
)

// offlineDelay is how long a user counts as online after it has gone, so that a
// page which is loaded anew tells nobody. It is also the delay of webhooks.
const offlineDelay = 3 * time.Second

// parts are what a node is made of.
type parts struct {
	engine   *engine.Server
	mux      *protocol.Mux
	gate     *gate.Gate
	database *database.Store // nil: all apps are in files
	tenants  *apps.Tenants
	users    *users.Users
	hooks    *webhooks.Hooks
	registry *channels.Registry
	pusher   *pusher.Server
	api      *api.Server
}

// assemble makes the engine, the channels on its loops, and the protocols on
// both. Of all this only webhooks run already.
func (m *Main) assemble(addrs []string) error {
	proxies, err := m.Config.Server.TrustedNetworks()
	if err != nil {
		return err
	}
	cfg := m.engineConfig(addrs)
	cfg.TrustedProxies = proxies
	cfg.SetDefaults()
	lookups := m.lookups(&cfg)
	m.mux = protocol.NewMux(m.Config.Server.PathPrefix)
	if m.engine, err = engine.New(cfg, m.mux); err != nil {
		return err
	}
	if m.hooks, err = webhooks.New(m.hooksConfig()); err != nil {
		return err
	}
	m.tenants = apps.NewTenants(cfg.Loops)
	m.users = users.New(offlineDelay)
	m.gate = gate.New(gate.Config{
		TrustedProxies:         proxies,
		ConnectionsPerIP:       m.Config.Server.ConnectionsPerIP,
		ConnectsPerSecond:      m.Config.Server.ConnectsPerSecond,
		ConnectsPerSecondPerIP: m.Config.Server.ConnectsPerSecondPerIP,
	})
	m.speak(cfg.Loops, lookups)
	return nil
}

// speak makes the protocols.
func (m *Main) speak(loops int, lookups protocol.LookupLimits) {
	ids := protocol.NewDirectory()
	m.pusher = pusher.New(pusher.Config{
		Loops:       loops,
		Loop:        m.engine.Loop,
		Submit:      m.engine.Submit,
		Apps:        m.apps,
		Tenants:     m.tenants,
		IDs:         ids,
		Users:       m.users,
		Gate:        m.gate,
		ClientEvent: m.clientEvent,
		PongTimeout: m.Config.Server.PongTimeout,
		Lookups:     lookups,
	})
	m.registry = protocol.NewRegistry(loops, m.engine.Loop, channels.Config{
		Sinks:      []channels.Sink{m.pusher},
		Witness:    m.hooks.Witness,
		CacheBytes: cmp.Or(int64(m.Config.Server.CacheBudget), engine.MemoryLimit()/8),
	})
	m.pusher.Bind(m.registry, 0)
	protocol.BindUsers(m.users, loops, m.engine.Loop, m.pusher.UserSink())
	m.api = api.New(api.Config{
		Loops:     loops,
		Loop:      m.engine.Loop,
		Submit:    m.engine.Submit,
		Apps:      m.apps,
		Tenants:   m.tenants,
		IDs:       ids,
		Registry:  m.registry,
		Terminate: m.users.Terminate,
		Lookups:   lookups,
	})
	m.mux.Handle(pusher.Prefix, "the WebSocket protocol of Pusher Channels", m.pusher)
	m.mux.Handle(api.Prefix, "the HTTP API", m.api)
	m.mux.RefuseUpgrades(m.pusher.RefusePath)
}

func (m *Main) engineConfig(addrs []string) engine.Config {
	s := &m.Config.Server
	return engine.Config{
		Addrs:          addrs,
		Loops:          s.Loops,
		MaxConnections: s.MaxConnections,
		Reserved:       m.descriptors(),
		MaxMessage:     int(s.MaxMessage),
		QueueBytes:     int(s.QueueBytes),
		QueueFrames:    s.QueueFrames,
		QueueAge:       s.QueueAge,
		QueueBudget:    int64(s.QueueBudget),
		InputBudget:    int64(s.InputBudget),
		MailboxBytes:   int64(s.MailboxBytes),
		NoIOUring:      !s.IOUring,
		HeadTimeout:    s.HeadTimeout,
		KeepAlive:      s.KeepAlive,
		Workers:        s.Workers,
		WorkerQueue:    s.WorkerQueue,
		ProxyProtocol:  s.ProxyProtocol,
		ErrorFields:    api.PublicFields(),
		Logger:         m.Log,
	}
}

// descriptors are those that webhooks and the database may take.
func (m *Main) descriptors() int {
	n := m.Config.Webhooks.Requests
	if m.Config.Database.URL != "" {
		n += m.Config.Database.Pool
	}
	return n
}

func (m *Main) hooksConfig() webhooks.Config {
	w := &m.Config.Webhooks
	return webhooks.Config{
		Apps:         m.apps,
		Log:          m.Log,
		Dir:          w.Dir,
		QueueEvents:  w.QueueEvents,
		QueueBytes:   int(w.QueueBytes),
		TotalBytes:   int(w.QueueBudget),
		Delay:        offlineDelay,
		RetryFor:     w.RetryFor,
		Timeout:      w.Timeout,
		Parallel:     w.Parallel,
		Requests:     w.Requests,
		AllowPrivate: w.AllowPrivate,
	}
}

// clientEvent passes a client's event on to webhooks.
func (m *Main) clientEvent(e pusher.ClientEvent) {
	m.hooks.ClientEvent(e.App, e.Channel, e.Event, e.Data, e.SocketID, e.UserID)
}

// endHooks has webhooks leave. They get a second more than was left, to give up
// in order.
func (m *Main) endHooks(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return m.hooks.Close(ctx)
}
