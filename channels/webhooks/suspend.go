package webhooks

import (
	"context"
	"errors"
	"fmt"
)

// phase is how far Hooks are with handing themselves over, or being taken up.
type phase uint8

const (
	held      phase = iota // new: nothing has begun, and nothing is here yet
	taken                  // new: what another process had is here
	running                // as always
	suspended              // no request begins
	exported               // written down: somebody else may have it all
	closed
)

var phaseNames = [...]string{"held", "held, with what was taken up", "running", "suspended", "written down for another process", "closed"}

// String says it as in "hooks that are running".
func (p phase) String() string { return phaseNames[p] }

func (p phase) refuse(call string) error {
	return fmt.Errorf("webhooks: %s is not for hooks that are %s", call, p)
}

// Suspend lets no request begin any more and returns when those under way have
// ended, which takes [Config.Timeout] at most. When ctx ends first it returns an
// error, and is as if it had not been called. What is witnessed meanwhile is
// queued, and drops, delays and pauses go on. [Hooks.Resume] ends it.
func (h *Hooks) Suspend(ctx context.Context) error {
	h.step.Lock()
	defer h.step.Unlock()
	if h.phase != running {
		return h.phase.refuse("Suspend")
	}
	select {
	case <-h.brake.pull():
		h.phase = suspended
		return nil
	case <-ctx.Done():
		h.brake.release()
		return fmt.Errorf("webhooks: requests are still under way: %w", ctx.Err())
	}
}

// Export writes down all that Hooks have, for Import in another process, and
// lets go of the database. They must be suspended, and nothing may be witnessed
// from now on. Ends that linger are not told any more. What comes next is
// [Hooks.Resume] if the other process does not take over, or else [Hooks.Close],
// which then leaves everything to it. After an error Hooks are suspended, as they
// were before.
func (h *Hooks) Export(ctx context.Context) (*State, error) {
	h.step.Lock()
	defer h.step.Unlock()
	if h.phase != suspended {
		return nil, h.phase.refuse("Export")
	}
	h.lingering.Pause()
	var s *State
	err := h.onDesk(ctx, func(d *desk) error { s = d.export(); return nil })
	if err == nil {
		if err = h.journal.close(); err != nil {
			err = errors.Join(err, h.journal.open())
			h.journal.start()
		}
	}
	if err != nil {
		h.lingering.Resume()
		return nil, fmt.Errorf("webhooks cannot be written down: %w", err)
	}
	h.journal.name(s)
	h.phase = exported
	return s, nil
}

// Import takes up what another process wrote down. It is for Hooks that are
// held, and they are still held when it returns: [Hooks.Resume] has them begin.
// Ends that linger come when they would have; what is tried again is tried when
// it would have been.
//
// With Config.Dir the database is opened. What is in it and not in the state is
// queued as at any start, before what is in the state. Nothing is written until
// Resume. After an error nothing was taken up.
func (h *Hooks) Import(s *State) error {
	h.step.Lock()
	defer h.step.Unlock()
	if h.phase != held {
		return h.phase.refuse("Import")
	}
	records, err := s.records()
	if err != nil {
		return err
	}
	if err := h.take(s, records); err != nil {
		return err
	}
	h.phase = taken
	return nil
}

// take opens the database and takes up what is in it and in a state.
func (h *Hooks) take(s *State, records []record) error {
	if err := h.journal.open(); err != nil {
		return err
	}
	err := h.onDesk(context.Background(), func(d *desk) error { return d.takeUp(s, records) })
	if err != nil {
		return errors.Join(err, h.journal.letGo())
	}
	return nil
}

// Resume ends what Suspend, Export or Config.Held began, and all goes on. With
// Config.Dir the database is opened if it is not open. When that fails, Hooks
// that were held are so still; others go on all the same, keep in memory what is
// not on disk, and try again until the database can be opened.
func (h *Hooks) Resume() error {
	h.step.Lock()
	defer h.step.Unlock()
	var err error
	switch h.phase {
	case held:
		if err = h.take(&State{}, nil); err != nil {
			return err
		}
		h.journal.start()
	case taken:
		h.journal.start()
	case exported:
		err = h.journal.open()
		h.journal.start()
	case suspended:
	case running, closed:
		return h.phase.refuse("Resume")
	}
	h.phase = running
	h.lingering.Resume()
	h.brake.release()
	return err
}

// onDesk has the desk do something when it has done all that came before, and
// returns what that returns. When ctx ends first it is done later all the same.
func (h *Hooks) onDesk(ctx context.Context, do func(*desk) error) error {
	result := make(chan error, 1)
	h.handover.push(record{kind: errand, letter: &letter{do: func(d *desk) { result <- do(d) }}})
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
