package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"fanfare/cmd/fanfare/control"
	"fanfare/cmd/fanfare/handover"
)

// Link is to the process whose place this one is to take.
type Link = handover.Link

// Heritage is the link to a process whose place this one is to take; nil when there
// is none.
func Heritage(getenv func(string) string) (*Link, error) { return handover.FromEnv(getenv) }

// Refuse tells the process at the other end of the link that this one can't take its
// place: it did not come as far as Inherit.
func Refuse(link *Link, why error) {
	if link != nil {
		_ = link.Send(&handover.Message{Refusal: &handover.Refusal{Reason: why.Error()}}, answerTime) // who is gone need not know
	}
}

// upgradable says why this process can't be upgraded.
func upgradable() error {
	if os.Getpid() == 1 {
		return errors.New("cannot upgrade: this is process 1 of its container, which ends with it; have the container replaced, and fanfare drain send the clients away at a pace")
	}
	return nil
}

// Upgrade starts the program that was asked for (AskedUpgrade) with these arguments, and
// has it take this node's place: see HandOver. On an error the node serves on, and so it
// does where it was only to be tried. Else Close is due.
func (m *Main) Upgrade(ctx context.Context, r control.UpgradeRequest, args []string) (handedTo int, err error) {
	s, err := m.upgrade(ctx, r, args)
	switch {
	case err != nil:
		m.Log.Error("not upgraded, and nobody has noticed", "error", err)
	case r.Check:
		m.Log.Info("an upgrade was tried, and could be done", s.Attrs()...)
	default:
		m.Log.Info("handed over", s.Attrs()...)
		return s.ToPID, nil
	}
	m.upgrading.ended(s, err)
	m.leaving.stay()
	return 0, err
}

func (m *Main) upgrade(ctx context.Context, r control.UpgradeRequest, args []string) (s handover.Summary, err error) {
	p, err := handover.Start(r.Binary, args, m.Env)
	if err != nil {
		return s, err
	}
	how := ""
	end := sync.OnceFunc(func() { how = p.End() })
	if r.Check {
		s, err = m.CheckHandOver(p.Link)
		p.Await(answerTime)
		end()
	} else if s, err = m.HandOver(ctx, p.Link, end); err == nil {
		err = p.Close()
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s ended before it had taken over (process %d: %s); its own words are in this server's log: %w", r.Binary, p.PID(), how, err)
	}
	return s, err
}

// handing is what a node is at when it says the last word: the next one may have its
// control socket.
func (m *Main) handing() { m.leaving.at(control.Handing, m.connections(), answerTime) }
