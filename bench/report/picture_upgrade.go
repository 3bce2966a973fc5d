package report

import (
	"fmt"
	"math"
	"time"
)

// How wide the panel of a single upgrade is.
const (
	beforeUpgrade = 500 * time.Millisecond
	afterUpgrade  = 1500 * time.Millisecond
)

// mostMoments is how many a panel of this width can show.
const mostMoments = 450

// upgradePanels are the latency of the whole run with its upgrades, and around each
// of them.
func upgradePanels(d *Document) []*panel {
	end := d.Course[len(d.Course)-1].At + 10*time.Millisecond
	whole := momentsPanel(d.Course, 0, end)
	whole.caption = "Latency from publish to delivery, by when a message was due"
	list := []*panel{whole}
	for i, u := range d.Upgrades {
		label := "upgrade " + Whole(uint64(i+1))
		whole.marks = append(whole.marks, mark{u.From.Seconds(), u.To.Seconds(), label})
		from := max(0, u.To-afterUpgrade/2-beforeUpgrade)
		near := momentsPanel(d.Course, from, min(end, u.To+afterUpgrade/2))
		if near == nil {
			continue
		}
		near.height = 200
		near.caption = fmt.Sprintf("Upgrade %d: %s connections, frozen for %s, longest silence %s",
			i+1, Whole(uint64(u.Connections)), Duration(u.Frozen), Duration(u.Silence))
		began := freezeOf(d.Course, u)
		near.marks = []mark{{began.Seconds(), (began + u.Frozen).Seconds(), "frozen"}}
		list = append(list, near)
	}
	return list
}

// freezeOf is when a server froze in an upgrade, which only the clients know: the
// message that was due then took longest.
func freezeOf(course []Moment, u Upgrade) time.Duration {
	worst := Moment{At: max(0, u.To-u.Frozen)}
	for _, m := range between(course, u.From, u.To) {
		if m.Max > worst.Max {
			worst = m
		}
	}
	return worst.At
}

// momentsPanel is nil when nothing was due between from and to.
func momentsPanel(course []Moment, from, to time.Duration) *panel {
	p := &panel{xName: "seconds since the measurement began", height: 260, names: []string{"worst", "median"}}
	list := fewer(between(course, from, to))
	if len(list) < 2 {
		return nil
	}
	most := 0.0
	for i, of := range []func(Moment) time.Duration{
		func(m Moment) time.Duration { return m.Max },
		func(m Moment) time.Duration { return m.P50 },
	} {
		l := line{result: i}
		for _, m := range list {
			l.xs, l.ys = append(l.xs, m.At.Seconds()), append(l.ys, float64(of(m)))
			most = max(most, float64(of(m)))
		}
		p.lines = append(p.lines, l)
	}
	p.x, p.y = spanAxis(from.Seconds(), to.Seconds()), linearAxis(most, roundDuration)
	return p
}

func between(course []Moment, from, to time.Duration) (list []Moment) {
	for _, m := range course {
		if m.At >= from && m.At < to {
			list = append(list, m)
		}
	}
	return list
}

// fewer takes moments together, by the worst of each, until a panel can show them.
func fewer(list []Moment) []Moment {
	each := (len(list) + mostMoments - 1) / mostMoments
	if each < 2 {
		return list
	}
	var few []Moment
	for i, m := range list {
		if i%each == 0 {
			few = append(few, m)
			continue
		}
		last := &few[len(few)-1]
		last.Count += m.Count
		last.P50, last.P99, last.Max = max(last.P50, m.P50), max(last.P99, m.P99), max(last.Max, m.Max)
	}
	return few
}

// spanAxis is the seconds from one to another.
func spanAxis(from, to float64) axis {
	all := linearAxis(to-from, func(float64) string { return "" })
	step := all[1].Value
	a := axis{{Value: from}}
	for v := (math.Floor(from/step) + 1) * step; v < to; v += step {
		a = append(a, tickAt(v))
	}
	return append(a, axis{{Value: to}}...)
}
