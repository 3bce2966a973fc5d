//go:build unix

package node

import (
	"context"
	"sync"
	"time"

	"fanfare/cmd/fanfare/control"
	"fanfare/protocol"
)

// reportEvery is how often a drain says in the log how far it is.
const reportEvery = 5 * time.Second

// Pace is that of the configuration.
func (m *Main) Pace() control.Pace {
	return control.Pace{Delay: m.Config.Server.DrainDelay, Time: m.Config.Server.DrainTime}
}

// Asked gives the pace of a drain that somebody has asked for over the control
// socket, once. It is the caller's to begin it.
func (m *Main) Asked() <-chan control.Pace { return m.leaving.asked }

// Drain sends everybody away at a pace. /ready says so at once, newcomers are
// served until the delay is over, and publishers until Close, which is due next.
// It returns when everybody has been told, when the time is over, or when ctx
// ends: what is left is Close's.
func (m *Main) Drain(ctx context.Context, pace control.Pace) {
	m.leaving.end()
	m.upgrading.at(func(now *control.Upgrade) { // that was asked for, and has not begun
		if now.Step == control.Starting {
			now.Step, now.Reason = control.CalledOff, "the server drains"
		}
	})
	m.mux.SetPhase(protocol.Draining)
	m.leaving.at(control.Waiting, m.connections(), pace.Delay+pace.Time+m.Config.Server.ShutdownGrace)
	m.Log.Info("draining: /ready says so, and newcomers are still served",
		"connections", m.connections(), "drain_delay", pace.Delay.String(), "drain_time", pace.Time.String(), "shutdown_grace", m.Config.Server.ShutdownGrace.String())
	ctx, cancel := context.WithCancel(ctx)
	var reports sync.WaitGroup
	reports.Go(func() { m.report(ctx) })
	defer reports.Wait()
	defer cancel()
	if m.wait(ctx, pace.Delay) {
		m.sendAway(ctx, pace.Time)
	}
}

// wait reports whether the time has passed, and nothing else has happened.
func (m *Main) wait(ctx context.Context, d time.Duration) bool {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
		return true
	case <-ctx.Done():
	case <-m.engine.Done():
	}
	return false
}

// sendAway stops listening and says goodbye at a pace. Who is left when the time
// is over gets his from Close.
func (m *Main) sendAway(ctx context.Context, over time.Duration) {
	m.engine.StopListening()
	m.leaving.at(control.Closing, m.connections(), over+m.Config.Server.ShutdownGrace)
	m.Log.Info("draining: nobody listens any more, clients are sent away", "connections", m.connections(), "drain_time", over.String())
	if over == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, over)
	defer cancel()
	if err := m.engine.Farewell(ctx, over, protocol.Goodbye); err != nil {
		m.Log.Warn("draining: the time was over before everybody was sent away at a pace", "connections", m.connections(), "error", err)
	}
}

// report writes a line every few seconds until ctx ends.
func (m *Main) report(ctx context.Context) {
	every := time.NewTicker(reportEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		p := m.leaving.progress()
		m.Log.Info("draining", "step", p.Step, "connections", m.connections(), "of", p.Of, "at_most_seconds", int(p.Left))
	}
}

func (m *Main) connections() uint64 { return m.engine.Stats().Open }

// leaving is how far the end of a node is.
type leaving struct {
	asked chan control.Pace // has room for the one that is ever sent

	mu   sync.Mutex
	what string       // guarded by mu: that has begun, or is about to; "" before
	step control.Step // guarded by mu; "" before any
	of   uint64       // guarded by mu: connections when it began
	over time.Time    // guarded by mu
}

// What may be under way, one at a time.
const (
	aDrain    = "a drain"
	anUpgrade = "an upgrade"
)

// claim has nothing else begin until stay is called.
func (l *leaving) claim(what string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.what != "" {
		return underWay(l.what)
	}
	l.what = what
	return nil
}

// underWay is what there is in place of what was asked for.
type underWay string

// Error implements error.
func (w underWay) Error() string {
	if w == anUpgrade {
		return "an upgrade is under way: ask again when it is over, of whoever serves by then"
	}
	return string(w) + " is under way: it ends with the server"
}

// end claims for a drain, whatever else is about to begin.
func (l *leaving) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.what = aDrain
}

// stay takes a claim back: nothing came of it.
func (l *leaving) stay() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.what, l.step = "", ""
}

// at begins a step. The node will have ended after so much time.
func (l *leaving) at(step control.Step, connections uint64, most time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.step == "" {
		l.of = connections
	}
	l.step, l.over = step, time.Now().Add(most)
}

// progress is nil before anything has begun.
func (l *leaving) progress() *control.Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.step == "" {
		return nil
	}
	return &control.Progress{Step: l.step, Of: l.of, Left: max(time.Until(l.over).Seconds(), 0)}
}
