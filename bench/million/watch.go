//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"fanfare/bench/report"
)

// watch looks at the server now and then, and writes a line each time.
type watch struct {
	server *server
	trial  trial
	out    io.Writer
	last   reading
}

// dumb is how long the server may leave questions for its state unanswered. A
// million connections that leave at the same moment keep the guest's only
// processor busy for a minute.
const dumb = 5 * time.Minute

// until looks on until something has come true, and returns the reading of
// that moment.
func (w *watch) until(ctx context.Context, doing string, done func(reading) bool) (reading, error) {
	next := time.NewTicker(w.trial.interval())
	defer next.Stop()
	answered := time.Now()
	for {
		r, err := w.server.read(ctx)
		switch {
		case err != nil && time.Since(answered) > dumb:
			return r, fmt.Errorf("%s: cannot read the server's state: %w", doing, err)
		case err != nil:
			_, _ = fmt.Fprintf(w.out, "%s %-9s %v\n", r.At.Format(time.TimeOnly), doing, err) // whoever does not listen misses it
		default:
			answered = time.Now()
			w.tell(doing, r)
			if done(r) {
				return r, nil
			}
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			return r, ctx.Err()
		}
	}
}

func (w *watch) tell(doing string, r reading) {
	n := uint64(w.trial.Connections)
	text := fmt.Sprintf("%s %-9s %s of %s subscribed", r.At.Format(time.TimeOnly), doing, report.Whole(r.Subscriptions), report.Whole(n))
	if took := r.At.Sub(w.last.At).Seconds(); r.Subscriptions > w.last.Subscriptions && took < 60 {
		rate := float64(r.Subscriptions-w.last.Subscriptions) / took
		text += fmt.Sprintf(", %.0f/s", rate)
		if r.Subscriptions < n {
			left := time.Duration(float64(n-r.Subscriptions) / rate * float64(time.Second))
			text += fmt.Sprintf(", %v to go", left.Round(time.Second))
		}
	}
	text += fmt.Sprintf("; %s pings, %s events sent; server %s, slab %s, free %s", report.Whole(r.Pings), report.Whole(r.Sent),
		amount(r.Resident), amount(r.Slab), amount(r.Free))
	w.last = r
	_, _ = fmt.Fprintln(w.out, text) // whoever does not listen misses it
}
