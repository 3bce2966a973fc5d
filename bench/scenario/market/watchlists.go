package market

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"fanfare/bench/loadgen"
)

// watchlists are which channels each connection of a market is on.
type watchlists struct {
	lists    [][]int
	audience []int // by channel
}

// newWatchlists gives each connection some channels at random, all different.
func newWatchlists(rng *rand.Rand, connections, channels, each int) watchlists {
	w := watchlists{make([][]int, connections), make([]int, channels)}
	deck := make([]int, channels)
	for i := range deck {
		deck[i] = i
	}
	for i := range w.lists {
		for k := range each {
			other := k + rng.IntN(channels-k)
			deck[k], deck[other] = deck[other], deck[k]
		}
		w.lists[i] = slices.Clone(deck[:each])
		for _, c := range w.lists[i] {
			w.audience[c]++
		}
	}
	return w
}

func (w watchlists) subscriptions(i int) []loadgen.Subscription {
	list := make([]loadgen.Subscription, len(w.lists[i]))
	for k, c := range w.lists[i] {
		list[k].Channel = marketChannel(c)
	}
	return list
}

// marketChannel names a channel; the names are of one length, so that frames
// are.
func marketChannel(i int) string { return fmt.Sprintf("market-%07d", i) }
