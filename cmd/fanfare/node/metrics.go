//go:build unix

package node

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fanfare/cmd/fanfare/config"
	"fanfare/cmd/fanfare/flight"
	"fanfare/cmd/fanfare/private"
)

// startMetrics opens the operator's port, and has stalled loops looked out for.
func (m *Main) startMetrics(ctx context.Context) error {
	cfg := &m.Config.Metrics
	if !cfg.Enabled {
		return nil
	}
	var err error
	m.flight, err = flight.Start(flight.Config{Stalled: m.engine.Stalled, Trace: cfg.FlightRecorder, Log: m.Log})
	if err != nil {
		return err
	}
	metrics, usage := m.metricsHandlers()
	m.private, err = private.Start(ctx, private.Config{
		Log: m.sampled, Host: cfg.Host, Token: cfg.Token, Profiles: cfg.Profiles, Flight: m.flight, About: m.about(),
		Inherited: m.PrivateListeners, Metrics: metrics, Usage: usage,
	}, joinPort(m.privateHosts, cfg.Port))
	if err != nil {
		return err
	}
	m.MetricsAddrs = m.private.Addrs()
	return nil
}

// findPrivateHosts gives the addresses of the operator's port. Those that other
// machines reach want a token.
func (m *Main) findPrivateHosts(ctx context.Context) (err error) {
	cfg := &m.Config.Metrics
	if !cfg.Enabled {
		return nil
	}
	if m.privateHosts, err = listenHosts(ctx, m.Log, "metrics.host", cfg.Host); err != nil {
		return err
	}
	for _, host := range m.privateHosts {
		if cfg.Token == "" && !config.IsLoopback(host) {
			return config.Errorf("metrics.host = %q lets other machines read metrics and profiles: set metrics.token, which they have to bring "+
				"(`openssl rand -hex 24` makes one), or listen on 127.0.0.1", cfg.Host)
		}
	}
	return nil
}

// about tells what the operator's port says of the node.
func (m *Main) about() func() private.About {
	return func() private.About {
		return private.About{
			Version: m.Version, Commit: m.Commit, Phase: m.mux.Phase().String(), Since: m.started, Connections: int(m.engine.Stats().Open),
		}
	}
}

// stopMetrics closes the operator's port.
func (m *Main) stopMetrics() error {
	m.flight.Stop()
	if m.private == nil {
		return nil
	}
	return m.private.Close()
}

// newMetricsRegistry has all that /metrics tells.
func (m *Main) newMetricsRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(runtimeCollectors()...)
	r.MustRegister(&collector{&m.parts, m.certs}, buildInfo(m.Version, m.Commit))
	if m.Config.Metrics.SoketiNames {
		m.addSoketiNames(r)
	}
	return r
}

func buildInfo(version, commit string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "fanfare_build_info",
		Help:        "Always 1; the labels tell what this binary was made from.",
		ConstLabels: prometheus.Labels{"version": version, "commit": commit},
	})
	g.Set(1)
	return g
}

// metricsHandlers serve /metrics, and what soketi has beside it: /usage, nil where
// its names are not wanted.
func (m *Main) metricsHandlers() (metrics, usage http.Handler) {
	r := m.newMetricsRegistry()
	metrics = promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(m.sampled.Handler(), slog.LevelWarn),
		Timeout:  10 * time.Second,
	})
	if m.Config.Metrics.SoketiNames {
		metrics = soketiMetricsHandler(metrics, &soketiJSON{r, m.Log})
		usage = soketiUsage(func() float64 { return residentBytes(r) })
	}
	return metrics, usage
}
