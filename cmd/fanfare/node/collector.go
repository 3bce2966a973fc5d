//go:build unix

package node

import (
	"github.com/prometheus/client_golang/prometheus"

	"fanfare/channels"
	"fanfare/channels/apps/database"
	"fanfare/channels/webhooks"
	"fanfare/cmd/fanfare/control"
	"fanfare/engine"
	"fanfare/engine/tlsconn/certs"
	"fanfare/protocol"
	"fanfare/protocol/gate"
	"fanfare/protocol/pusher"
	"fanfare/protocol/pusher/api"
)

// collector reads what loops, channels, protocols and apps have counted, when
// Prometheus asks. Nothing is counted twice, so serving pays nothing for it.
type collector struct {
	*parts
	certs *certs.Store // nil: no TLS
}

// snapshot is what one scrape sees.
type snapshot struct {
	limit    int // of connections
	phase    protocol.Phase
	engine   engine.Stats
	channels channels.Stats
	pusher   pusher.Stats
	api      api.Stats
	users    int64 // signed in
	gate     gate.Stats
	hooks    webhooks.Stats
	database *database.Stats // nil: there is none
	apps     []appFigures

	upgrade             control.Upgraded // by which this process came to serve
	upgrades, calledOff uint64
	certs               []certs.Expiry
}

// metric is a name in /metrics: one series, or one for each set of labels.
type metric struct {
	name, help string
	kind       kind
	labels     []string
	desc       *prometheus.Desc
	read       func(s *snapshot, emit func(n float64, labels ...string))
	times      func(s *snapshot) *engine.Histogram // of a histogram, in place of read
}

// kind is a metric's type, as documents name it.
type kind string

const (
	gauge     kind = "gauge"
	counter   kind = "counter"
	histogram kind = "histogram"
)

func (k kind) value() prometheus.ValueType {
	if k == counter {
		return prometheus.CounterValue
	}
	return prometheus.GaugeValue
}

// prefix begins the name of every metric of ours.
const prefix = "fanfare_"

func newMetric(k kind, name, help string, labels ...string) metric {
	name = prefix + name
	return metric{name: name, help: help, kind: k, labels: labels, desc: prometheus.NewDesc(name, help, labels, nil)}
}

// series is a metric without labels.
func series[T int | int64 | uint64 | float64](k kind, name, help string, read func(s *snapshot) T) metric {
	m := newMetric(k, name, help)
	m.read = func(s *snapshot, emit func(float64, ...string)) { emit(float64(read(s))) }
	return m
}

// labelled is a metric with one series for each value of a label.
func labelled(k kind, name, help, label string, read func(s *snapshot, emit func(n float64, labels ...string))) metric {
	m := newMetric(k, name, help, label)
	m.read = read
	return m
}

// durations is a histogram.
func durations(name, help string, times func(s *snapshot) *engine.Histogram) metric {
	m := newMetric(histogram, name, help)
	m.times = times
	return m
}

// catalogue is every metric of ours, in the order of the documents. Those of a
// part that a node does not have are not collected.
var catalogue = []struct {
	title   string
	metrics []metric
}{
	{"The node", nodeMetrics},
	{"Upgrades without a reconnect", upgradeMetrics},
	{"Loops", loopMetrics},
	{"How long it takes", durationMetrics},
	{"Why connections and messages end", reasonMetrics},
	{"TLS", tlsMetrics},
	{"Apps", appMetrics},
	{"The apps database", databaseMetrics},
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, group := range catalogue {
		for _, m := range group.metrics {
			out <- m.desc
		}
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.snapshot()
	for _, group := range catalogue {
		for _, m := range group.metrics {
			m.collect(s, out)
		}
	}
}

func (c *collector) snapshot() *snapshot {
	s := &snapshot{
		limit: c.engine.MaxConnections(), phase: c.mux.Phase(), engine: c.engine.Stats(), channels: c.registry.Stats(), pusher: c.pusher.Stats(), api: c.api.Stats(),
		users: c.users.Len(), gate: c.gate.Stats(), hooks: c.hooks.Stats(),
	}
	if c.database != nil {
		stats := c.database.Stats()
		s.database = &stats
	}
	if c.certs != nil {
		s.certs = c.certs.Expiries()
	}
	s.upgrade = c.upgrading.heritage()
	s.upgrades, s.calledOff = c.upgrading.counts()
	s.apps = figuresOf(c.tenants, s.hooks.Endpoints)
	return s
}

func (m *metric) collect(s *snapshot, out chan<- prometheus.Metric) {
	if m.times != nil {
		out <- newHistogram(m.desc, m.times(s))
		return
	}
	m.read(s, func(n float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind.value(), n, labels...)
	})
}
