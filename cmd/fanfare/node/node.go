//go:build unix

// Package node is one running server: it assembles engine, channels and protocols
// as a configuration says, and keeps them: metrics, what is due every second, and
// apps that are changed while it serves, its control socket, and its polite end.
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
	"os"
	"slices"
	"sync"
	"time"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/flight"
	"fanfare/cmd/fanfare/private"
	"fanfare/engine/tlsconn/certs"
	"fanfare/protocol"
)

// Main is one node: everything that serve starts, in order, and stops in
// reverse. Tests start the same one on port 0.
type Main struct {
	// Set before Run.
	Config config.Config
	Log    *slog.Logger

	// Listeners are sockets that listen already, and that are served instead of
	// server.host and server.port. Run takes them over.
	Listeners []*os.File

	// TLSListeners are the same for tls.port.
	TLSListeners []*os.File

	// PrivateListeners are the same for the operator's port; where their addresses are
	// not the configured ones, others are opened.
	PrivateListeners []*os.File

	// Late has Run make a node that does not serve yet: it is to take up what another
	// process has. Listeners or TLSListeners are that one's.
	Late bool

	// Reloading is called when somebody has asked for a reload, and what it
	// returns when that is over. Nil: nobody is told.
	Reloading func() (reloaded func())

	// Succeeded is called by Upgrade as soon as everything is another process', which
	// pid is: nothing that happens to this one changes that any more. Nil: nobody is told.
	Succeeded func(pid int)

	// Version and Commit are of the binary, for a metric.
	Version, Commit string

	// Env tells where control sockets are kept, as os.Environ has it.
	Env []string
	// Reload and Level are what the control socket has to offer besides; nil: not.
	Reload func()
	Level  *slog.LevelVar

	// Addrs, TLSAddrs and MetricsAddrs are what is listened on, host:port, once Run
	// has returned. TLSAddrs are among Addrs.
	Addrs, TLSAddrs, MetricsAddrs []string

	hosts []string     // to listen on, or that Listeners do
	open  []string     // those besides on which TLSListeners do
	certs *certs.Store // nil: no TLS
	keep  func()       // ends what keeps the certificates; nil before
	files *apps.Dynamic
	apps  apps.Source // what files and database have

	former map[string]*apps.App // by id: the secrets of the process whose place this one takes

	parts
	gone departed

	changing sync.RWMutex // held by who wants no app to change meanwhile

	private      *private.Server
	privateHosts []string // that the operator's port is on

	flight  *flight.Recorder
	control *control.Server
	upkeep  *upkeep
	leaving leaving
	started time.Time
}

// Run starts the node and returns once it serves. When it fails, nothing is
// left behind; after it has succeeded, Close is due.
func (m *Main) Run(ctx context.Context) (err error) {
	defer func() {
		if !m.Late || err != nil { // else the engine still needs them
			m.closeListeners() // those that it has taken are closed, and served, already
		}
	}()
	if err = m.findHosts(ctx); err != nil {
		return err
	}
	if err := m.findPrivateHosts(ctx); err != nil {
		return err
	}
	if err := m.checkExposure(&m.Config); err != nil {
		return err
	}
	if err := m.openApps(ctx); err != nil {
		return err
	}
	if m.certs, err = m.openCertificates(); err != nil {
		return errors.Join(err, m.closeDatabase())
	}
	if err = m.checkListeners(); err == nil {
		err = m.assemble()
	}
	if err != nil {
		return errors.Join(err, m.closeDatabase())
	}
	if err := m.engine.Start(); err != nil {
		return errors.Join(err, m.endHooks(ctx), m.closeDatabase())
	}
	m.Addrs, m.TLSAddrs, m.started = m.engine.Addrs(), m.engine.TLSAddrs(), time.Now()
	if m.Late {
		return nil
	}
	return m.begin(ctx)
}

// begin has a node that serves tell so and keep itself.
func (m *Main) begin(ctx context.Context) error {
	m.keep = m.keepCertificates(context.WithoutCancel(ctx), m.certs) // a drain may take hours
	m.apps.Subscribe(m.changed)
	m.startUpkeep()
	if err := m.startMetrics(ctx); err != nil {
		return errors.Join(err, m.Close())
	}
	if err := m.startControl(ctx); err != nil {
		return errors.Join(err, m.Close())
	}
	m.ready()
	return nil
}

// ready tells the world: /ready, and one line for each address.
func (m *Main) ready() {
	m.mux.SetPhase(protocol.Ready)
	for _, addr := range m.Addrs {
		m.Log.Info("listening", "addr", addr, "tls", slices.Contains(m.TLSAddrs, addr),
			"loops", m.engine.Loops(), "max_connections", m.engine.MaxConnections())
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

// MaxConnections is the number of connections at which newcomers are refused.
func (m *Main) MaxConnections() int { return m.engine.MaxConnections() }

// Status says in a few words what the node is doing. Any goroutine, once Run has
// returned, also after Close.
func (m *Main) Status() string {
	return fmt.Sprintf("%s, connections: %d", m.mux.Phase(), m.engine.Stats().Open)
}

// Stalled is for how long a loop has not got on; 0 where all do, and when they have
// ended. Any goroutine, once Run has returned, also after Close.
func (m *Main) Stalled() time.Duration {
	_, since := m.engine.Stalled()
	return since
}

// Done is closed when the node has ended, be it by Close or by itself.
func (m *Main) Done() <-chan struct{} { return m.engine.Done() }

// Close stops listening, sends everybody away with 4200 who is still there, and
// waits for what is queued for them to leave, and after it what is queued for
// webhooks, for the grace period at most. Drain before it does that at a pace.
// Its error is that of an engine which ended by itself.
func (m *Main) Close() error {
	var died error
	select {
	case <-m.engine.Done():
		died = fmt.Errorf("the engine ended by itself: %w", reasonOf(m.engine.Err()))
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), m.Config.Server.ShutdownGrace)
	defer cancel()
	m.mux.SetPhase(protocol.Draining)
	m.leaving.at(control.Ending, m.connections(), m.Config.Server.ShutdownGrace)
	m.Log.Info("stopping", "connections", m.connections())
	if err := m.engine.Shutdown(ctx, protocol.Goodbye); err != nil && died == nil {
		m.Log.Warn("stopped before everything was sent", "error", err)
	}
	if m.keep != nil { // it has begun
		m.keep()
	}
	m.upkeep.stop()
	m.users.Stop()
	if err := m.endHooks(ctx); err != nil {
		m.Log.Warn("stopped before every webhook was delivered", "error", err)
	}
	if err := m.closeDatabase(); err != nil {
		m.Log.Warn("cannot end the connections to the database in order", "error", err)
	}
	died = errors.Join(died, m.stopMetrics(), m.control.Close())
	m.sampler.Flush()
	m.Log.Info("stopped")
	return died
}

func reasonOf(err error) error {
	if err == nil {
		return errors.New("it gave no reason")
	}
	return err
}
