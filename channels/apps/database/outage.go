package database

import (
	"fmt"
	"time"
)

// outage is the time since a query was not answered, until the next one that is.
// It is immutable.
type outage struct {
	since  time.Time
	err    error
	logged bool
}

// refusal is the error of those who do not wait for the database meanwhile.
func (o *outage) refusal() error { return fmt.Errorf("%w: %w", ErrAway, o.err) }

// failed takes note of a query that was not answered, and has the refresher look
// after the database. It returns the error of whoever asked.
func (s *Store) failed(err error) error {
	if s.ctx.Err() != nil {
		return errClosed
	}
	s.count.failures.Add(1)
	o := &outage{since: time.Now(), err: err}
	if s.outage.CompareAndSwap(nil, o) {
		select {
		case s.nudge <- struct{}{}:
		default:
		}
	}
	return o.refusal()
}

// settle ends or begins an outage: err is how the refresher's own look at the
// database went. One that was over at once is no event, but failing queries are
// mentioned now and then.
func (r *refresher) settle(err error) {
	o := r.outage.Load()
	switch {
	case r.ctx.Err() != nil:
	case err != nil:
		r.worsen(o, err)
	case o != nil:
		r.outage.Store(nil)
		r.recovered(o)
	}
}

func (r *refresher) worsen(o *outage, err error) {
	r.count.failures.Add(1)
	next := &outage{since: time.Now(), err: err, logged: true}
	if o != nil {
		next.since = o.since
	}
	r.outage.Store(next)
	if o == nil || !o.logged {
		r.config.Log.Warn("the apps database is away: known apps are served as they were, others are refused until it is back", "known", r.ids.found.Size(), "error", err)
	}
}

func (r *refresher) recovered(o *outage) {
	const seldom = time.Minute
	switch {
	case o.logged:
		r.config.Log.Info("the apps database is back", "after", time.Since(o.since).Round(time.Millisecond))
	case time.Since(r.mentioned) >= seldom:
		r.mentioned = time.Now()
		r.config.Log.Warn("a query to the apps database failed, but it is there", "error", o.err)
	}
}
