//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/pusher"
	"fanfare/protocol/pusher/api"
)

// Main is one node: everything that serve starts, in order, and stops in
// reverse. Tests start the same one on port 0.
type Main struct {
	// Set before Run.
	Config Config
	Log    *slog.Logger

	// Addrs and MetricsAddrs are what is listened on, host:port, once Run has
	// returned.
	Addrs, MetricsAddrs []string

	engine  *engine.Server
	mux     *protocol.Mux
	metrics *metricsServer
}

// Run starts the node and returns once it serves. When it fails, nothing is
// left behind; after it has succeeded, Close is due.
func (m *Main) Run(ctx context.Context) error {
	hosts, err := listenHosts(ctx, m.Log, "server.host", m.Config.Server.Host)
	if err != nil {
		return err
	}
	if err := m.Config.checkExposure(hosts); err != nil {
		return usageError{err}
	}
	store, err := m.Config.store()
	if err != nil {
		return usageError{err}
	}
	stats, err := m.assemble(store, joinPort(hosts, m.Config.Server.Port))
	if err != nil {
		return err
	}
	if err := m.engine.Start(); err != nil {
		return err
	}
	if err := m.startMetrics(ctx, stats); err != nil {
		return errors.Join(err, m.Close())
	}
	m.ready()
	return nil
}

func (m *Main) engineConfig(addrs []string) engine.Config {
	s := &m.Config.Server
	return engine.Config{
		Addrs:          addrs,
		Loops:          s.Loops,
		MaxConnections: s.MaxConnections,
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
		Logger:         m.Log,
	}
}

// assemble makes the engine, the channels on its loops, and the protocols on
// both. Nothing runs yet.
func (m *Main) assemble(store apps.Store, addrs []string) (*collector, error) {
	var err error
	m.mux = protocol.NewMux(m.Config.Server.PathPrefix)
	cfg := m.engineConfig(addrs)
	cfg.SetDefaults()
	if m.engine, err = engine.New(cfg, m.mux); err != nil {
		return nil, err
	}
	tenants, ids := apps.NewTenants(cfg.Loops), protocol.NewDirectory()
	// Two kinds of look-ups, so that half of the workers stay for signatures.
	lookups := protocol.LookupLimits{Workers: max(1, cfg.Workers/4)}
	ws := pusher.New(pusher.Config{
		Loops:       cfg.Loops,
		Loop:        m.engine.Loop,
		Submit:      m.engine.Submit,
		Apps:        store,
		Tenants:     tenants,
		IDs:         ids,
		PongTimeout: m.Config.Server.PongTimeout,
		Lookups:     lookups,
	})
	registry := protocol.NewRegistry(cfg.Loops, m.engine.Loop, ws)
	ws.Bind(registry, 0)
	rest := api.New(api.Config{
		Loops:    cfg.Loops,
		Submit:   m.engine.Submit,
		Apps:     store,
		Tenants:  tenants,
		IDs:      ids,
		Registry: registry,
		Lookups:  lookups,
	})
	m.mux.Handle(pusher.Prefix, "the WebSocket protocol of Pusher Channels", ws)
	m.mux.Handle(api.Prefix, "the HTTP API", rest)
	m.mux.RefuseUpgrades(ws.RefusePath)
	return &collector{engine: m.engine, registry: registry, pusher: ws, api: rest, tenants: tenants}, nil
}

func (m *Main) startMetrics(ctx context.Context, stats *collector) error {
	cfg := &m.Config.Metrics
	if !cfg.Enabled {
		return nil
	}
	hosts, err := listenHosts(ctx, m.Log, "metrics.host", cfg.Host)
	if err != nil {
		return err
	}
	m.metrics, err = startMetrics(ctx, m.Log, joinPort(hosts, cfg.Port), stats)
	return err
}

// ready tells the world: /ready, and one line for each address.
func (m *Main) ready() {
	m.mux.SetPhase(protocol.Ready)
	m.Addrs = m.engine.Addrs()
	for _, addr := range m.Addrs {
		m.Log.Info("listening", "addr", addr, "loops", m.engine.Loops(), "max_connections", m.engine.MaxConnections())
	}
	if m.metrics != nil {
		m.MetricsAddrs = m.metrics.addrs
	}
	for _, addr := range m.MetricsAddrs {
		m.Log.Info("metrics", "addr", addr)
	}
}

// Port is the TCP port of the first address.
func (m *Main) Port() int {
	addr, err := netip.ParseAddrPort(m.Addrs[0])
	if err != nil {
		return m.Config.Server.Port
	}
	return int(addr.Port())
}

// Done is closed when the node has ended, be it by Close or by itself.
func (m *Main) Done() <-chan struct{} { return m.engine.Done() }

// Close stops listening, sends everybody away with 4200, and waits for what
// is queued for them to leave, for the grace period at most. Its error is
// that of an engine which ended by itself.
func (m *Main) Close() error {
	var died error
	select {
	case <-m.engine.Done():
		died = fmt.Errorf("the engine ended by itself: %w", reasonOf(m.engine.Err()))
	default:
	}
	m.mux.SetPhase(protocol.Draining)
	m.Log.Info("stopping", "connections", m.engine.Stats().Open)
	ctx, cancel := context.WithTimeout(context.Background(), m.Config.Server.ShutdownGrace)
	defer cancel()
	if err := m.engine.Shutdown(ctx, protocol.Goodbye); err != nil && died == nil {
		m.Log.Warn("stopped before everything was sent", "error", err)
	}
	if m.metrics != nil {
		died = errors.Join(died, m.metrics.Close())
	}
	m.Log.Info("stopped")
	return died
}

func reasonOf(err error) error {
	if err == nil {
		return errors.New("it gave no reason")
	}
	return err
}
