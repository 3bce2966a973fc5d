//go:build unix

// Package node is one running server: it assembles engine, channels and protocols
// as a configuration says, and keeps them: metrics, what is due every second, and
// apps that are changed while it serves.
//
// It knows no command line and no signals; those are its caller's. All methods of
// Main are for one goroutine, the one that called Run.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/protocol"
)

// Main is one node: everything that serve starts, in order, and stops in
// reverse. Tests start the same one on port 0.
type Main struct {
	// Set before Run.
	Config config.Config
	Log    *slog.Logger

	// Version and Commit are of the binary, for a metric.
	Version, Commit string

	// Addrs and MetricsAddrs are what is listened on, host:port, once Run has
	// returned.
	Addrs, MetricsAddrs []string

	hosts []string // that are listened on
	files *apps.Dynamic
	apps  apps.Source // what files and database have
	parts
	gone departed

	metrics *metricsServer
	upkeep  *upkeep
}

// Run starts the node and returns once it serves. When it fails, nothing is
// left behind; after it has succeeded, Close is due.
func (m *Main) Run(ctx context.Context) error {
	hosts, err := listenHosts(ctx, m.Log, "server.host", m.Config.Server.Host)
	if err != nil {
		return err
	}
	if err := m.Config.CheckExposure(hosts); err != nil {
		return err
	}
	m.hosts = hosts
	if err := m.openApps(ctx); err != nil {
		return err
	}
	if err := m.assemble(joinPort(hosts, m.Config.Server.Port)); err != nil {
		return errors.Join(err, m.closeDatabase())
	}
	if err := m.engine.Start(); err != nil {
		return errors.Join(err, m.endHooks(ctx), m.closeDatabase())
	}
	m.apps.Subscribe(m.changed)
	m.upkeep = startUpkeep(m.registry.Tick, m.forget)
	if err := m.startMetrics(ctx); err != nil {
		return errors.Join(err, m.Close())
	}
	m.ready()
	return nil
}

func (m *Main) startMetrics(ctx context.Context) error {
	cfg := &m.Config.Metrics
	if !cfg.Enabled {
		return nil
	}
	hosts, err := listenHosts(ctx, m.Log, "metrics.host", cfg.Host)
	if err != nil {
		return err
	}
	m.metrics, err = startMetrics(ctx, m.Log, joinPort(hosts, cfg.Port), &collector{&m.parts}, buildInfo(m.Version, m.Commit))
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
// is queued for them to leave, and after it what is queued for webhooks, for
// the grace period at most. Its error is that of an engine which ended by
// itself.
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
	m.upkeep.stop()
	m.users.Stop()
	if err := m.endHooks(ctx); err != nil {
		m.Log.Warn("stopped before every webhook was delivered", "error", err)
	}
	if err := m.closeDatabase(); err != nil {
		m.Log.Warn("cannot end the connections to the database in order", "error", err)
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
