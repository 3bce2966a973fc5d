package node

import (
	"context"
	"errors"
	"fmt"
	"os"

	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/handover"
)

// Heritage is the link to a process whose place this one is to take; nil when there
// is none.
func Heritage(getenv func(string) string) (*handover.Link, error) { return handover.FromEnv(getenv) }

// Upgrade starts a program that takes this node's place: see HandOver. On an error the
// node serves on. Else Close is due.
func (m *Main) Upgrade(ctx context.Context, program string, args []string) (Handed, error) {
	if os.Getpid() == 1 {
		return Handed{}, errors.New("cannot upgrade: this is process 1 of its container, which ends with it; have the container replaced, and fanfare drain send the clients away at a pace")
	}
	if !m.leaving.claim() {
		return Handed{}, errors.New("cannot upgrade: the server drains already")
	}
	h, err := m.upgrade(ctx, program, args)
	if err != nil {
		m.leaving.stay()
		return h, fmt.Errorf("the upgrade was called off, and nobody has noticed: %w", err)
	}
	m.Log.Info("handed over", "to_pid", h.PID, "to_version", h.Version, "connections", h.Connections, "cut", h.Cut,
		"state_bytes", h.Bytes, "frozen", h.Frozen.String(), "took", h.Took.String())
	return h, nil
}

func (m *Main) upgrade(ctx context.Context, program string, args []string) (Handed, error) {
	p, err := handover.Start(program, args, m.Env)
	if err != nil {
		return Handed{}, err
	}
	how := ""
	h, err := m.HandOver(ctx, p.Link, func() { how = p.End() }, nil)
	if err != nil {
		return h, fmt.Errorf("%w (process %d: %s)", err, p.PID(), how)
	}
	return h, p.Close()
}

// handing is what a node is at when it says the last word: the next one may have its
// control socket.
func (m *Main) handing() { m.leaving.at(control.Handing, m.connections(), answerTime) }
