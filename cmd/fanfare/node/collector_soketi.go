//go:build unix

package node

import (
	"github.com/prometheus/client_golang/prometheus"

	"fanfare/channels/apps"
)

// soketiMetrics are the names that soketi gives to what is counted here too
// (metrics.soketi_names), with its types and labels, so that its dashboards go on
// working. Those that begin with soketi_horizontal_adapter_ are not there: there is
// no adapter. soketi counts the bytes of payloads; so do we for what comes, while
// what we send has its frame headers.
type soketiMetrics struct {
	tenants *apps.Tenants
	port    string
	list    []soketiMetric
}

type soketiMetric struct {
	name, help string
	kind       kind
	read       func(t *apps.Totals) uint64

	desc *prometheus.Desc
}

const soketiPrefix = "soketi_"

var soketiNames = []soketiMetric{
	{name: "connected", help: "The number of currently connected sockets.", kind: gauge, read: func(t *apps.Totals) uint64 { return uint64(t.Connections) }},
	{name: "new_connections_total", help: "Connections opened.", kind: counter, read: func(t *apps.Totals) uint64 { return t.Opened }},
	{name: "new_disconnections_total", help: "Connections ended.", kind: counter, read: func(t *apps.Totals) uint64 { return t.Closed }},
	{name: "socket_received_bytes", help: "Bytes of messages from clients.", kind: counter, read: func(t *apps.Totals) uint64 { return t.BytesIn }},
	{name: "socket_transmitted_bytes", help: "Bytes of messages to clients.", kind: counter, read: func(t *apps.Totals) uint64 { return t.BytesOut }},
	{name: "ws_messages_received_total", help: "Messages from clients.", kind: counter, read: func(t *apps.Totals) uint64 { return t.MessagesIn }},
	{name: "ws_messages_sent_total", help: "Messages to clients.", kind: counter, read: func(t *apps.Totals) uint64 { return t.MessagesOut }},
	{name: "http_received_bytes", help: "Bytes of HTTP API requests' bodies.", kind: counter, read: func(t *apps.Totals) uint64 { return t.RequestBytes }},
	{name: "http_transmitted_bytes", help: "Bytes of HTTP API answers' bodies.", kind: counter, read: func(t *apps.Totals) uint64 { return t.AnswerBytes }},
	{name: "http_calls_received_total", help: "HTTP API requests with a good signature.", kind: counter, read: func(t *apps.Totals) uint64 { return t.Requests }},
}

// newSoketiMetrics are for the port that clients connect to, which soketi has as a
// label of everything.
func newSoketiMetrics(tenants *apps.Tenants, port string) *soketiMetrics {
	s := &soketiMetrics{tenants: tenants, port: port}
	for _, m := range soketiNames {
		m.desc = prometheus.NewDesc(soketiPrefix+m.name, m.help, []string{"app_id"}, prometheus.Labels{"port": port})
		s.list = append(s.list, m)
	}
	return s
}

// Describe implements prometheus.Collector.
func (s *soketiMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, m := range s.list {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (s *soketiMetrics) Collect(out chan<- prometheus.Metric) {
	for _, f := range figuresOf(s.tenants, nil) {
		for _, m := range s.list {
			out <- prometheus.MustNewConstMetric(m.desc, m.kind.value(), float64(m.read(&f.totals)), f.id)
		}
	}
}
