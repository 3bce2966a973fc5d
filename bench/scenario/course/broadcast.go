//go:build linux

package course

import "fanfare/bench/loadgen"

// To joins every connection of a fleet to one channel.
func To(channel string) func(int) []loadgen.Subscription {
	list := []loadgen.Subscription{{Channel: channel}}
	return func(int) []loadgen.Subscription { return list }
}

// Broadcast is a feed of one channel, which all of a fleet are on. Every
// publisher numbers its own messages.
func (r *Run) Broadcast(fleet *loadgen.Fleet, channel string, publishers, frameBytes int) (*Feed, error) {
	n := fleet.Size()
	f := r.Feed(fleet, loadgen.NewLedger(n, publishers), publishers, func(int) int { return n })
	w := NewEventWriter(r.Target, channel, frameBytes)
	return f, f.AddLanes(publishers, 1, func(dst []byte, m loadgen.Mark) []byte { return w.AppendEvent(dst, channel, m) })
}
