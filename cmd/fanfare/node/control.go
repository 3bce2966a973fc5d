//go:build unix

package node

import (
	"context"
	"errors"
	"os"
	"time"

	"fanfare/cmd/fanfare/control"
	"fanfare/protocol"
)

// startControl makes the control socket. Where nobody has said where it is to be,
// a server does without rather than not start.
func (m *Main) startControl(ctx context.Context) error {
	m.leaving.asked, m.upgrading.asked = make(chan control.Pace, 1), make(chan control.UpgradeRequest, 1)
	path := m.Config.Control.Socket
	if path == "" {
		return nil
	}
	auto := path == control.Auto
	var err error
	if auto {
		path, err = control.Place(m.Port(), m.Env)
	}
	if err == nil {
		m.control, err = control.Serve(ctx, path, m.hooksOfControl())
	}
	switch {
	case err == nil:
		m.Log.Info("control socket", "path", path)
	case auto:
		m.Log.Warn("there is no control socket, so fanfare drain and fanfare status can't reach this server; SIGTERM drains it as well", "error", err)
		err = nil
	}
	return err
}

func (m *Main) hooksOfControl() control.Hooks {
	return control.Hooks{
		Log:      m.Log,
		Status:   m.status,
		Pace:     m.Pace(),
		Drain:    m.askDrain,
		Upgrade:  m.AskUpgrade,
		Reload:   m.Reload,
		LogLevel: m.Level,
	}
}

// askDrain passes on that somebody wants a drain, unless one is under way. Any
// goroutine.
func (m *Main) askDrain(p control.Pace) (began bool, err error) {
	switch err := m.leaving.claim(aDrain); {
	case errors.Is(err, underWay(aDrain)):
		return false, nil
	case err != nil:
		return false, err
	}
	m.leaving.asked <- p
	return true, nil
}

// status is for the control socket. Any goroutine.
func (m *Main) status() control.Status {
	s := control.Status{
		Phase:          m.mux.Phase().String(),
		Connections:    m.connections(),
		MaxConnections: m.engine.MaxConnections(),
		Loops:          m.engine.Loops(),
		Addresses:      m.Addrs,
		Metrics:        m.MetricsAddrs,
		Version:        m.Version,
		Commit:         m.Commit,
		PID:            os.Getpid(),
		Uptime:         time.Since(m.started).Seconds(),
		Drain:          m.leaving.progress(),
		Upgrade:        m.upgrading.now(),
	}
	s.Listening = s.Drain == nil || s.Drain.Step == control.Waiting
	if s.Drain != nil {
		s.Phase = protocol.Draining.String() // it was asked for, and begins at once
	}
	if m.Level != nil {
		s.LogLevel = control.LevelName(m.Level.Level())
	}
	return s
}
