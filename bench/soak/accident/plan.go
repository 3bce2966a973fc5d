package accident

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The kinds.
const (
	Delay       Kind = "delay"         // what passes the proxy takes longer, by differing times
	Outage      Kind = "outage"        // nobody listens at the webhooks' address
	CutFin      Kind = "cut (FIN)"     // connections through the proxy end
	Stall       Kind = "stall"         // nothing passes on connections through the proxy
	CutReset    Kind = "cut (RST)"     // connections through the proxy are reset
	Stop        Kind = "stop"          // a crowd's process gets SIGSTOP
	LowRate     Kind = "low rate"      // a crowd's link is slow
	Sluggish    Kind = "slow webhooks" // every other webhook is answered too late
	Disable     Kind = "app disabled"  // an app is disabled, by its file
	BrokenFile  Kind = "broken file"   // the configuration has a mistake for a while
	Certificate Kind = "certificate"   // the certificate is replaced
	Trickle     Kind = "trickle"       // the proxy passes on little in a second
	Drain       Kind = "drain"         // the server stops, and another one starts
	Upgrade     Kind = "upgrade"       // another process takes the server's place, and nobody may notice
)

// act is a kind's place in a cycle, as shares of it.
type act struct {
	kind      Kind
	from, len float64
}

// acts is a cycle. A drain has the cycle's end to itself: the drops that a server
// has counted must have been read before it goes. Nobody can edit the apps while
// the configuration is broken.
var acts = []act{
	{Delay, 0.02, 0.16},
	{Outage, 0.06, 0.24},
	{CutFin, 0.22, 0},
	{Stall, 0.27, 0.08},
	{CutReset, 0.38, 0},
	{Stop, 0.40, 0.16},
	{LowRate, 0.42, 0.20},
	{Sluggish, 0.50, 0.20},
	{Disable, 0.60, 0.08},
	{Certificate, 0.64, 0},
	{Trickle, 0.68, 0.10},
	{BrokenFile, 0.76, 0.04},
	{Drain, 0.90, 0},
}

// Planned is an accident that is to come.
type Planned struct {
	Kind Kind
	At   time.Duration // since the soak began
	Long time.Duration // 0: it is over when it is done
}

// Kinds are all of them, in the order of a cycle.
func Kinds() (list []Kind) {
	for _, a := range acts {
		list = append(list, a.kind)
	}
	return append(list, Upgrade)
}

// Plan is all accidents of a soak, in order, with an upgrade every so often. Drains
// come in the first third: what is judged by its trend is the second half, which
// belongs to one line of successors, and so does a sixth before it, for the server to
// warm up. Accidents that can't be made are left out.
func Plan(cycles int, cycle, upgrade time.Duration, seed uint64, possible func(Kind) bool) []Planned {
	draw := rand.New(rand.NewPCG(seed, 2))
	list := upgrades(cycles, cycle, upgrade)
	for i := range cycles {
		for _, a := range acts {
			if a.kind == Drain && i >= drains(cycles) || !possible(a.kind) {
				continue
			}
			shift := (draw.Float64() - 0.5) * 0.02 // no two cycles are alike
			at := time.Duration((float64(i) + a.from + shift) * float64(cycle))
			list = append(list, Planned{a.kind, at, time.Duration(a.len * float64(cycle))})
		}
	}
	slices.SortStableFunc(list, func(a, b Planned) int { return cmp.Compare(a.At, b.At) })
	return list
}

// upgrades come every so often, whatever else goes wrong then: but while the
// configuration is broken no new process would begin to serve, and one that drains has
// nothing to hand over.
func upgrades(cycles int, cycle, every time.Duration) (list []Planned) {
	for at := every; at+every/2 < time.Duration(cycles)*cycle; at += every { // so that the last process is judged, too
		n := int(at / cycle)
		share := float64(at%cycle) / float64(cycle)
		switch {
		case share > 0.73 && share < 0.83:
			share = 0.73
		case share > 0.85 && n < drains(cycles):
			share = 0.85
		}
		list = append(list, Planned{Upgrade, time.Duration((float64(n) + share) * float64(cycle)), 0})
	}
	return list
}

// drains is how many cycles have a drain.
func drains(cycles int) int { return max(1, cycles/3) }
