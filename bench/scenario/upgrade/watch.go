//go:build linux

package upgrade

import (
	"slices"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

// moment is how long the latencies are taken together, by when what they are of
// was due.
const moment = 10 * time.Millisecond

// watch is what the audience feels: how late messages come, over time, and for how
// long members of busy rooms hear nothing.
type watch struct {
	loop     *loadgen.Loop
	began    time.Duration
	running  bool
	moments  [][]time.Duration // latencies, by moment
	heard    []time.Duration   // by member of the busy rooms: when it heard something last; 0 before
	calm     felt              // before the first upgrade
	upgrades []scenario.Upgrade
}

// felt is the worst of a while.
type felt struct{ worst, silence time.Duration }

// watch makes one, which is told of all that comes.
func (a *audience) watch(l *loadgen.Loop) *watch {
	w := &watch{loop: l, heard: make([]time.Duration, a.busy*a.members)}
	count, took := a.fleet.Receive, a.feed.Took
	a.fleet.Receive = func(subscriber int, m loadgen.Mark) {
		if subscriber < len(w.heard) {
			w.hear(subscriber)
		}
		count(subscriber, m)
	}
	a.feed.Took = func(latency time.Duration) {
		took(latency)
		w.took(latency)
	}
	return w
}

func (w *watch) begin() { w.began, w.running = w.loop.Now(), true }

func (w *watch) now() time.Duration { return w.loop.Now() - w.began }

func (w *watch) took(latency time.Duration) {
	if !w.running {
		return
	}
	i := max(0, int((w.now()-latency)/moment))
	for len(w.moments) <= i {
		w.moments = append(w.moments, nil)
	}
	w.moments[i] = append(w.moments[i], latency)
	w.feel(felt{worst: latency})
}

func (w *watch) hear(member int) {
	if !w.running {
		return
	}
	now := w.loop.Now()
	if last := w.heard[member]; last > 0 {
		w.feel(felt{silence: now - last})
	}
	w.heard[member] = now
}

// feel notes what is worse than before.
func (w *watch) feel(f felt) {
	worst, silence := &w.calm.worst, &w.calm.silence
	if n := len(w.upgrades); n > 0 {
		worst, silence = &w.upgrades[n-1].Worst, &w.upgrades[n-1].Silence
	}
	*worst, *silence = max(*worst, f.worst), max(*silence, f.silence)
}

// upgrading notes that an upgrade was asked for, to which all belongs that comes
// until the next one.
func (w *watch) upgrading() { w.upgrades = append(w.upgrades, scenario.Upgrade{From: w.now()}) }

func (w *watch) upgraded(h scenario.Handed) {
	u := &w.upgrades[len(w.upgrades)-1]
	u.Handed, u.To = h, w.now()
}

// course sums up the moments in which something was due.
func (w *watch) course() (list []scenario.Moment) {
	for i, m := range w.moments {
		if len(m) == 0 {
			continue
		}
		slices.Sort(m)
		list = append(list, scenario.Moment{
			At: time.Duration(i) * moment, Count: len(m), P50: m[len(m)/2], P99: m[len(m)*99/100], Max: m[len(m)-1],
		})
	}
	return list
}
