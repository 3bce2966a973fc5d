//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"fanfare/bench/loadgen"
)

// Idle holds subscribed connections that get nothing. Done counts connections,
// Before and After are the memory, and CPU and Wall are of the time in which
// nothing happened.
type Idle struct {
	Connections int
	Join        func(i int) loadgen.Subscription
	Settle      time.Duration // from the last subscription to the memory's reading
	Hold        time.Duration // over which idle CPU is taken
}

// Shared is one public channel for all.
func Shared(int) loadgen.Subscription { return loadgen.Subscription{Channel: channel} }

// Private is a private channel for each.
func Private(i int) loadgen.Subscription {
	return loadgen.Subscription{Channel: "private-user." + strconv.Itoa(i)}
}

// Presence is presence rooms of 10, each member with 100 bytes of user info.
func Presence(i int) loadgen.Subscription {
	info := `{"name":"` + strings.Repeat("n", 100-len(`{"name":""}`)) + `"}`
	return loadgen.Subscription{
		Channel:     "presence-room." + strconv.Itoa(i/10),
		ChannelData: `{"user_id":"` + strconv.Itoa(i) + `","user_info":` + info + `}`,
	}
}

// Run measures s, whose process must be fresh.
func (c Idle) Run(ctx context.Context, s Server) (Result, error) {
	before, err := c.base(ctx, s)
	if err != nil {
		return Result{}, err
	}
	return withLoop(func(l *loadgen.Loop) (Result, error) {
		f, err := s.open(ctx, l, c.Connections, c.Join)
		if err == nil {
			err = l.Hold(ctx, c.Settle)
		}
		if err != nil {
			return Result{}, err
		}
		after, err := s.Process.Resident()
		if err != nil {
			return Result{}, err
		}
		return s.measure(func() (Result, error) {
			err := errors.Join(l.Hold(ctx, c.Hold), f.Err())
			return Result{Done: uint64(c.Connections), Before: before, After: after}, err
		})
	})
}

// base is the server's memory when it has no connections but has had some: its
// code is paged in and its pools exist, which no connection is to be charged
// with.
func (c Idle) base(ctx context.Context, s Server) (int64, error) {
	_, err := withLoop(func(l *loadgen.Loop) (Result, error) {
		_, err := s.open(ctx, l, 20, c.Join)
		return Result{}, err
	})
	if err != nil {
		return 0, fmt.Errorf("warming up: %w", err)
	}
	return s.Process.Resident()
}
