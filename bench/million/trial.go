//go:build linux

package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// trial is what is to be shown, and how. It travels to the guest as JSON.
type trial struct {
	Connections int           `json:"connections"`
	InFlight    int           `json:"in_flight"`           // connections that are opened at the same time
	Mute        int           `json:"mute"`                // connections beside them that do not answer pings
	Activity    time.Duration `json:"activity_timeout_ns"` // 0 until direct or inGuest has chosen it
	Pong        time.Duration `json:"pong_timeout_ns"`
	Fanout      time.Duration `json:"fanout_ns"` // how long the fan-out publishes
}

// The hosted service's activity_timeout, and the server's pong_timeout by
// default.
const (
	hosted   = 120 * time.Second
	patience = 30 * time.Second
)

// direct fills in what the command line leaves open.
func (t trial) direct() trial {
	t.Activity, t.Pong = cmp.Or(t.Activity, hosted), cmp.Or(t.Pong, patience)
	return t
}

// inGuest does so for the guest, where a ping takes 230 us of the one core: a
// million connections at 120 s would want two cores for their pings alone.
// With this they get two fifths of one. A broadcast keeps the load busy for
// 100 to 200 us a connection, and it answers a ping when it gets to it.
func (t trial) inGuest() trial {
	t.Activity = cmp.Or(t.Activity, max(hosted, t.forAll(600*time.Microsecond)))
	t.Pong = cmp.Or(t.Pong, max(patience, t.forAll(300*time.Microsecond)))
	return t
}

// forAll is a time for each connection, in whole seconds.
func (t trial) forAll(each time.Duration) time.Duration {
	return (time.Duration(t.Connections) * each).Truncate(time.Second)
}

// most is what the load's source addresses are enough for: 8192 connections
// each.
const most = 4_000_000

var errSeconds = errors.New("want whole seconds, at least 1s")

func (t trial) validate() error {
	switch {
	case t.Connections < 1 || t.Connections > most:
		return fmt.Errorf("-n %d: want 1 to %d connections", t.Connections, most)
	case t.InFlight < 1:
		return fmt.Errorf("-in-flight %d: want at least 1", t.InFlight)
	case t.Mute < 1:
		return fmt.Errorf("-mute %d: want at least 1, since they show that time-outs work", t.Mute)
	case t.Activity != 0 && (t.Activity < time.Second || t.Activity%time.Second != 0):
		return fmt.Errorf("-activity-timeout %v: %w", t.Activity, errSeconds)
	case t.Pong != 0 && (t.Pong < time.Second || t.Pong%time.Second != 0):
		return fmt.Errorf("-pong-timeout %v: %w", t.Pong, errSeconds)
	case t.Fanout < time.Second:
		return fmt.Errorf("-fanout %v: want at least 1s", t.Fanout)
	}
	return nil
}

// interval is how often the server is looked at. A look costs time that the
// guest has not got.
func (t trial) interval() time.Duration {
	return min(10*time.Second, time.Second+time.Duration(t.Connections)*20*time.Microsecond)
}

// slack is by how much things may come late that the guest's one core has to
// do for every connection.
func (t trial) slack() time.Duration {
	return 2*time.Second + time.Duration(t.Connections)*60*time.Microsecond
}

// hold is how long all connections stand: until those that do not answer are
// found, noticed, and gone.
func (t trial) hold() time.Duration {
	return t.Activity + t.Pong + 2*t.slack() + 2*t.interval()
}
