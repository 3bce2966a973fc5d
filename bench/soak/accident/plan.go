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
	Drain       Kind = "drain"         // the server stops, and a successor starts
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
	return list
}

// Plan is all accidents of a soak, in order. The second half is one server
// process' own, for its memory to be judged, and so is a sixth before it, for the
// process to warm up: drains come in the first third. Accidents that can't be made
// are left out.
func Plan(cycles int, cycle time.Duration, seed uint64, possible func(Kind) bool) []Planned {
	draw := rand.New(rand.NewPCG(seed, 2))
	var list []Planned
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

// drains is how many cycles have a drain.
func drains(cycles int) int { return max(1, cycles/3) }
