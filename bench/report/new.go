package report

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario"
)

// New returns the document of a result. The caller fills in when, against whom
// and under which conditions it was taken; connections is how many stood at
// most, 0 where that is not known.
func New(r *scenario.Result, connections int) *Document {
	d := &Document{
		SchemaVersion: SchemaVersion,
		Scenario:      r.Scenario,
		Unit:          r.Unit,
		Done:          r.Done,
		Wall:          r.Wall,
		LoadCPU:       r.LoadCPU,
		Messages:      messagesOf(r.Counts),
		Latency:       latencyOf(r.Latency),
		Memory:        memoryOf(r, connections),
		Series:        seriesOf(r.Series),
		Figures:       figuresOf(r.Figures),
		Upgrades:      upgradesOf(r.Upgrades),
	}
	if !held(r) {
		d.PerSecond, d.PerCPUSecond = finite(r.PerSecond()), finite(r.PerCPUSecond())
	}
	for _, s := range r.Servers {
		d.Servers = append(d.Servers, Server{int(s.Process), s.CPU, s.Before, s.Held, s.After})
	}
	for _, m := range r.Course {
		d.Course = append(d.Course, Moment(m))
	}
	d.Conditions.Connections = connections
	return d
}

// held reports whether what counts was there all the time, as idle connections
// are: then it has no rate.
func held(r *scenario.Result) bool { return r.Unit == "connections" && r.Latency == nil }

func upgradesOf(upgrades []scenario.Upgrade) (list []Upgrade) {
	for _, u := range upgrades {
		list = append(list, Upgrade{
			PID: u.PID, Connections: u.Connections, Cut: u.Cut, State: u.Bytes, Frozen: u.Frozen, Took: u.Took,
			From: u.From, To: u.To, Worst: u.Worst, Silence: u.Silence,
		})
	}
	return list
}

// finite makes 0 of what a division by nothing gives, which JSON can't hold.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

func messagesOf(c loadgen.Counts) *Messages {
	m := Messages{
		Delivered: c.Delivered, Lost: c.Lost, Duplicated: c.Duplicated, Reordered: c.Reordered, Stray: c.Stray, Disagreed: c.Disagreed,
	}
	if m == (Messages{}) {
		return nil
	}
	return &m
}

func latencyOf(h *hdrhistogram.Histogram) *Latency {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	at := func(percentile float64) time.Duration { return time.Duration(h.ValueAtPercentile(percentile)) }
	l := &Latency{
		Count: h.TotalCount(),
		Min:   time.Duration(h.Min()),
		Mean:  time.Duration(h.Mean()),
		P50:   at(50),
		P90:   at(90),
		P99:   at(99),
		P999:  at(99.9),
		P9999: at(99.99),
		Max:   time.Duration(h.Max()),
	}
	for _, b := range h.CumulativeDistributionWithTicks(ticksPerHalving) {
		l.Distribution = append(l.Distribution, Quantile{b.Quantile, time.Duration(b.ValueAt), b.Count})
	}
	return l
}

// ticksPerHalving is how many points of the distribution are kept each time
// the share that took longer has halved.
const ticksPerHalving = 5

func memoryOf(r *scenario.Result, connections int) *Memory {
	held, left, looked := int64(0), int64(0), false
	for _, s := range r.Servers {
		held += s.Held - s.Before
		if s.After > 0 {
			left, looked = left+s.After-s.Before, true
		}
		if s.Held == 0 {
			return nil
		}
	}
	if len(r.Servers) == 0 || connections == 0 {
		return nil
	}
	m := &Memory{Each: float64(held) / float64(connections)}
	if looked {
		m.Left = float64(left) / float64(connections)
	}
	return m
}

func seriesOf(points []scenario.Point) []Second {
	var list []Second
	begin := time.Duration(0)
	for _, p := range points {
		rate := finite(float64(p.Done) / (p.End - begin).Seconds())
		list = append(list, Second{p.End, p.Done, rate, p.P50, p.P99})
		begin = p.End
	}
	return list
}

func figuresOf(figures []scenario.Figure) []Figure {
	var list []Figure
	for _, f := range figures {
		list = append(list, Figure{f.Name, finite(f.Value), f.Unit})
	}
	return list
}
