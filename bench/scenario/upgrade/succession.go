//go:build linux

package upgrade

import (
	"context"
	"fmt"

	"fanfare/bench/scenario"
)

// succeed upgrades the server as often as was asked for, with a pause before each
// and after the last.
func (t *trial) succeed(ctx context.Context) error {
	for n := range t.Upgrades {
		t.run.Note(fmt.Sprintf("%d of %d upgrades", n, t.Upgrades))
		if err := t.run.Hold(ctx, scenario.Measuring, t.Pause); err != nil {
			return err
		}
		if err := t.upgrade(ctx); err != nil {
			return fmt.Errorf("upgrade %d of %d: %w", n+1, t.Upgrades, err)
		}
	}
	t.run.Note(fmt.Sprintf("%d of %d upgrades", t.Upgrades, t.Upgrades))
	return t.run.Hold(ctx, scenario.Measuring, t.Pause)
}

// handed is how an upgrade went.
type handed struct {
	scenario.Handed

	err error
}

// upgrade has the server upgraded on a goroutine of its own, and serves the
// connections meanwhile.
func (t *trial) upgrade(ctx context.Context) error {
	r := t.run
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.tears.hold()
	for range 2 * certainTears { // a member that holds a frame back holds the next one back, too
		t.guests.Whisper()
	}
	r.Phase(scenario.Upgrading, 0)
	t.watch.upgrading()
	over := make(chan handed, 1)
	go func() {
		h, err := r.Upgrade(ctx)
		over <- handed{h, err}
	}()
	var h handed
	came := false
	err := r.Loop.Run(ctx, func() bool {
		select {
		case h = <-over:
			came = true
		default:
		}
		return came || r.Broken() != nil
	})
	if !came { // the connections have broken, or nobody wants to know any more
		cancel()
		h = <-over
	}
	t.tears.mend()
	t.watch.upgraded(h.Handed)
	if err == nil {
		err = r.Broken()
	}
	if err == nil {
		err = h.err
	}
	return err
}
