package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fanfare/engine"
)

// holdTime is how long the loops have to come to rest. Clients hear nothing meanwhile,
// so what takes longer is tried again later.
const holdTime = 250 * time.Millisecond

// rest is a node that is at rest, so that it can be written down: what it takes to
// have it go on is undone in reverse.
type rest struct {
	main *Main
	hold *engine.Hold
	undo []func() error
}

// suspendHooks lets no webhook begin, and returns when the requests under way have
// ended, which may take as long as a receiver has for its answer. Everybody is served.
func (r *rest) suspendHooks(ctx context.Context) error {
	if err := r.main.hooks.Suspend(ctx); err != nil {
		return err
	}
	r.then(r.main.hooks.Resume)
	return nil
}

// shut has newcomers wait, before their TLS handshakes too. Connections are served all
// the same.
func (r *rest) shut() error {
	e := r.main.engine
	if err := e.StopAccepting(); err != nil {
		return err
	}
	r.then(e.ResumeAccepting)
	e.PauseHandshakes()
	r.then(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), answerTime)
		defer cancel()
		return e.ResumeHandshakes(ctx)
	})
	return nil
}

// freeze has the loops come to rest. Nothing is read, sent or told from here on. After
// an error the node is as suspended as before.
func (r *rest) freeze(ctx context.Context) error {
	m := r.main
	ctx, cancel := context.WithTimeout(ctx, holdTime)
	defer cancel()
	before := len(r.undo)
	spareCollection()
	r.then(func() error { resumeCollection(); return nil })
	m.changing.Lock()
	r.then(func() error { m.changing.Unlock(); return nil })
	m.upkeep.stop()
	m.upkeep = nil
	r.then(func() error { m.startUpkeep(); return nil })
	m.users.Pause()
	r.then(func() error { m.users.Resume(); return nil })
	hold, err := m.engine.Hold(ctx)
	if err == nil {
		r.hold = hold
		r.then(func() error { hold.Release(); return nil })
		err = hold.Settle(ctx)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the node did not come to rest within %v: %w", holdTime, err), r.undoTo(before))
	}
	return nil
}

// freezeAtLast tries several times, and tells since when the loops are held.
func (r *rest) freezeAtLast(ctx context.Context) (began time.Time, err error) {
	for n := 1; ; n++ {
		began = time.Now()
		if err = r.freeze(ctx); err == nil || n == freezes || !r.main.wait(ctx, time.Duration(n)*pause) {
			return began, err
		}
	}
}

func (r *rest) then(undo func() error) { r.undo = append(r.undo, undo) }

// leave lets the connections go without a word: a successor has them. What is left of
// the node is for Close.
func (r *rest) leave() error {
	resumeCollection()
	r.main.changing.Unlock()
	return r.hold.Abandon()
}

// wake has the node go on as if nothing had been.
func (r *rest) wake() error { return r.undoTo(0) }

func (r *rest) undoTo(left int) (err error) {
	for len(r.undo) > left {
		last := len(r.undo) - 1
		err = errors.Join(err, r.undo[last]())
		r.undo = r.undo[:last]
	}
	return err
}
