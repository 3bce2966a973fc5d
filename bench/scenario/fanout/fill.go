//go:build linux

package fanout

import (
	"context"
	"strconv"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario/course"
)

// channelsEach is how many channels one connection keeps alive.
const channelsEach = 5000

// fill makes n channels exist, to which nobody publishes, with few
// connections.
func fill(ctx context.Context, r *course.Run, n, inFlight int) error {
	if n == 0 {
		return nil
	}
	_, err := r.Open(ctx, (n+channelsEach-1)/channelsEach, inFlight, func(i int) []loadgen.Subscription {
		list := make([]loadgen.Subscription, min(channelsEach, n-i*channelsEach))
		for k := range list {
			list[k].Channel = "bench-other." + strconv.Itoa(i*channelsEach+k)
		}
		return list
	})
	return err
}
