//go:build unix

package node

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/apps/database"
	"fanfare/channels/users"
	"fanfare/channels/webhooks"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/logs"
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
	sampler  *logs.Sampler
	sampled  *slog.Logger // for what peers can cause
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

	upgrading upgrading
}

// assemble makes the engine, the channels on its loops, and the protocols on
// both. Of all this only webhooks run already.
func (m *Main) assemble() error {
	proxies, err := m.Config.Server.TrustedNetworks()
	if err != nil {
		return err
	}
	m.sampler = logs.NewSampler(m.Log.Handler(), logs.SamplerConfig{})
	m.sampled = slog.New(m.sampler)
	cfg := m.engineConfig()
	m.listenOn(&cfg)
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
	m.tenants.Name(m.Config.Metrics.MaxApps)
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
		Log:         m.sampled,
		Lookups:     lookups,
	})
	m.registry = protocol.NewRegistry(loops, m.engine.Loop, channels.Config{
		Sinks:      []channels.Sink{m.pusher},
		Witness:    m.hooks.Witness,
		CacheBytes: cmp.Or(int64(m.Config.Server.CacheBudget), engine.MemoryLimit()/8),

		MaxSubscriptions: cmp.Or(m.Config.Server.MaxSubscriptions, int(engine.MemoryLimit()/(2<<10))),
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
		Gate:      m.gate,
		Log:       m.sampled,
		Lookups:   lookups,
	})
	m.mux.Handle(pusher.Prefix, "the WebSocket protocol of Pusher Channels", m.pusher)
	m.mux.Handle(api.Prefix, "the HTTP API", m.api)
	m.mux.RefuseUpgrades(m.pusher.RefusePath)
	if m.certs != nil {
		m.mux.HandleChallenges(&challenges{m.certs, m.engine.Submit})
	}
}

// listenOn sets the addresses.
func (m *Main) listenOn(cfg *engine.Config) {
	cfg.Listeners, cfg.TLSListeners, cfg.Late = m.Listeners, m.TLSListeners, m.Late
	cfg.Addrs, cfg.TLSAddrs = m.addresses()
	if m.certs != nil {
		cfg.TLS = m.certs.TLSConfig()
	}
}

// addresses are those without TLS and with it. A port of TLS that is the one of
// everything leaves nothing in the clear, and sockets that listen already need no
// address.
func (m *Main) addresses() (plain, secure []string) {
	if m.Config.TLS.Enabled && len(m.TLSListeners) == 0 {
		secure = joinPort(m.hosts, m.Config.TLS.Port)
	}
	if len(m.Listeners) == 0 && !m.Config.IsTLSAlone() {
		plain = joinPort(m.hosts, m.Config.Server.Port)
	}
	return plain, secure
}

func (m *Main) engineConfig() engine.Config {
	s := &m.Config.Server
	return engine.Config{
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
		Handshakes:     m.Config.TLS.Handshakes,
		HandshakesOpen: m.Config.TLS.HandshakesOpen,
		HeadTimeout:    s.HeadTimeout,
		KeepAlive:      s.KeepAlive,
		Workers:        s.Workers,
		WorkerQueue:    s.WorkerQueue,
		ProxyProtocol:  s.ProxyProtocol,
		ErrorFields:    api.PublicFields(),
		Logger:         m.sampled,
	}
}

// KeptDescriptors is how many descriptors a node with this configuration keeps
// free of client connections.
func KeptDescriptors(cfg *config.Config) int {
	m := &Main{Config: *cfg, hosts: []string{"127.0.0.1"}}
	if cfg.Server.Host == "localhost" {
		m.hosts = append(m.hosts, "::1")
	}
	e := m.engineConfig()
	e.Addrs, e.TLSAddrs = m.addresses()
	e.SetDefaults()
	return e.KeptDescriptors()
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
		Held:         m.Late,
	}
}

// clientEvent passes a client's event on to webhooks.
func (m *Main) clientEvent(e pusher.ClientEvent) {
	m.hooks.ClientEvent(e.App, e.Channel, e.Event, e.Data, e.SocketID, e.UserID)
}

// endHooks has webhooks leave, until ctx ends, but for a second at least: to give
// up in order takes time, too.
func (m *Main) endHooks(ctx context.Context) error {
	end, ok := ctx.Deadline()
	if least := time.Now().Add(time.Second); !ok || end.Before(least) {
		end = least
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), end)
	defer cancel()
	return m.hooks.Close(ctx)
}
