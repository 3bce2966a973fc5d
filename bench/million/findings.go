//go:build linux

package main

import (
	"fmt"
	"time"
)

// findings is what the trial has shown. It comes from the guest as JSON.
type findings struct {
	Trial   trial  `json:"trial"`
	Failure string `json:"failure,omitempty"` // in one sentence; "" when all is as it must be

	Kernel  string        `json:"kernel"`
	Opening time.Duration `json:"opening_ns"` // from the first connection to the last subscription
	Empty   reading       `json:"empty"`      // the server serves, and nobody is there
	Full    reading       `json:"full"`       // all connections stand
	Quiet   reading       `json:"quiet"`      // those that do not answer were closed, all others stand
	Told    reading       `json:"told"`       // the broadcast has reached everybody
	Left    reading       `json:"left"`       // all have gone
	Silent  []ending      `json:"silent"`     // of those that do not answer
}

// check says what is not as it must be.
func (f *findings) check() error {
	n := uint64(f.Trial.Connections)
	switch {
	case f.Full.Subscriptions < n:
		return fmt.Errorf("%d of %d connections were subscribed", f.Full.Subscriptions, n)
	case f.Quiet.Sessions != n:
		return fmt.Errorf("%d connections answered every ping, and %d of them were left", n, f.Quiet.Sessions)
	case f.pings() < n+uint64(f.Trial.Mute):
		return fmt.Errorf("the server has sent %d pings to %d connections, all of which were silent for longer than the activity timeout",
			f.pings(), n+uint64(f.Trial.Mute))
	case f.timedOut() != uint64(f.Trial.Mute) || len(f.Silent) != f.Trial.Mute:
		return fmt.Errorf("%d connections did not answer pings, and %d were closed with 4201", f.Trial.Mute, f.timedOut())
	case f.broadcast() < n:
		return fmt.Errorf("the broadcast left the server %d times for %d subscribers", f.broadcast(), n)
	}
	for _, e := range f.Silent {
		if err := e.check(f.Trial); err != nil {
			return err
		}
	}
	return nil
}

// pings is how many the server had sent when the last of the mute was closed.
func (f *findings) pings() uint64 { return f.Quiet.Pings - f.Empty.Pings }

// timedOut is how many sessions the server had closed with 4201 by then.
func (f *findings) timedOut() uint64 { return f.Quiet.TimedOut - f.Empty.TimedOut }

// broadcast is how many events the server has sent for it.
func (f *findings) broadcast() uint64 { return f.Told.Sent - f.Quiet.Sent }

// each is the growth of something for each connection while all were opened.
func (f *findings) each(of func(*reading) int64) float64 {
	return float64(of(&f.Full)-of(&f.Empty)) / float64(f.Trial.Connections)
}
