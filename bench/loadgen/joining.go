//go:build linux

package loadgen

import "time"

// asking is how many subscriptions of one connection wait for their answers at
// most: some servers bound what an unread connection may have sent.
const asking = 100

// joining is what a connection needs until it is ready.
type joining struct {
	since    time.Duration // Now at its first SYN
	socketID string
	list     []Subscription
	asked    int
	answered int
}

// ask appends the frames of the next subscriptions. done tells that all have
// been answered.
func (j *joining) ask(dst []byte, t *Target) (frames []byte, done bool) {
	if j.answered == len(j.list) {
		return dst, true
	}
	if j.asked > j.answered {
		return dst, false // one write for each handful
	}
	for j.asked < min(len(j.list), j.answered+asking) {
		dst = t.appendSubscribe(dst, j.list[j.asked], j.socketID)
		j.asked++
	}
	return dst, false
}
