//go:build unix

package node

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"

	"fanfare/engine"
)

// soketi's metrics port answers /usage and /metrics?json=1 besides, which its
// users' own dashboards read.

// soketiMetricsHandler tells requests for JSON from those for text.
func soketiMetricsHandler(text, json http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("json") != "" {
			json.ServeHTTP(w, r)
			return
		}
		text.ServeHTTP(w, r)
	})
}

// addSoketiNames registers soketi's names, and those of the process with its
// prefix.
func (m *Main) addSoketiNames(r *prometheus.Registry) {
	_, port, _ := net.SplitHostPort(m.engine.Addrs()[0])
	r.MustRegister(newSoketiMetrics(m.tenants, port))
	prometheus.WrapRegistererWith(prometheus.Labels{"port": port}, r).
		MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{Namespace: "soketi"}))
}

// soketiJSON answers with the metrics that have soketi's names, in the form of
// /metrics?json=1.
type soketiJSON struct {
	metrics prometheus.Gatherer
	log     *slog.Logger
}

type soketiFamily struct {
	Help       string        `json:"help"`
	Name       string        `json:"name"`
	Type       string        `json:"type"`
	Values     []soketiValue `json:"values"`
	Aggregator string        `json:"aggregator"`
}

type soketiValue struct {
	Value  float64           `json:"value"`
	Labels map[string]string `json:"labels"`
}

// ServeHTTP implements http.Handler.
func (s *soketiJSON) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	families, err := s.metrics.Gather()
	if err != nil {
		s.log.Warn("cannot read metrics", "error", err)
		http.Error(w, "cannot read metrics; the log says why", http.StatusInternalServerError)
		return
	}
	list := []soketiFamily{}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), soketiPrefix) {
			list = append(list, soketiFamilyOf(f))
		}
	}
	writeJSON(w, list)
}

func soketiFamilyOf(f *dto.MetricFamily) soketiFamily {
	family := soketiFamily{Help: f.GetHelp(), Name: f.GetName(), Type: strings.ToLower(f.GetType().String()), Aggregator: "sum"}
	for _, m := range f.GetMetric() {
		v := soketiValue{Value: m.GetGauge().GetValue() + m.GetCounter().GetValue(), Labels: map[string]string{}}
		for _, l := range m.GetLabel() {
			v.Labels[l.GetName()] = l.GetValue()
		}
		family.Values = append(family.Values, v)
	}
	return family
}

// soketiUsage answers GET /usage with the memory that the process takes and may
// take, in bytes.
func soketiUsage(resident func() float64) http.HandlerFunc {
	type memory struct {
		Free    float64 `json:"free"`
		Used    float64 `json:"used"`
		Total   float64 `json:"total"`
		Percent float64 `json:"percent"`
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		m := memory{Used: resident(), Total: float64(engine.MemoryLimit())}
		m.Free, m.Percent = m.Total-m.Used, 100*m.Used/m.Total
		writeJSON(w, map[string]memory{"memory": m})
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked has gone
}

// residentBytes is what the process collector says of memory; 0 where it does not.
func residentBytes(g prometheus.Gatherer) float64 {
	families, _ := g.Gather()
	for _, f := range families {
		if f.GetName() == "process_resident_memory_bytes" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return 0
}
