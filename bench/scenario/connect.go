//go:build linux

package scenario

import (
	"context"

	"fanfare/bench/loadgen"
)

// Connect opens connections as fast as the server takes them, with 256 in
// flight: TCP, upgrade, hello and one subscription each, of a channel shared
// by all. Done counts connections.
type Connect struct {
	Connections int
}

// Run measures s.
func (c Connect) Run(ctx context.Context, s Server) (Result, error) {
	return withLoop(func(l *loadgen.Loop) (Result, error) {
		return s.measure(func() (Result, error) {
			_, err := s.open(ctx, l, c.Connections, Shared)
			return Result{Done: uint64(c.Connections)}, err
		})
	})
}
