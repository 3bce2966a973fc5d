//go:build unix

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metricsServer serves /metrics on ports of its own, with net/http: a scrape
// every few seconds needs no event loop, and must be answered when the loops
// are busy.
type metricsServer struct {
	http  *http.Server
	addrs []string
	serve sync.WaitGroup // one for each address
}

// startMetrics listens on the addresses and serves what the collectors say.
func startMetrics(ctx context.Context, log *slog.Logger, addrs []string, list ...prometheus.Collector) (*metricsServer, error) {
	m := &metricsServer{
		http: &http.Server{
			Handler:           metricsHandler(log, newMetricsRegistry(list...)),
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
	}
	for _, addr := range addrs {
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot serve metrics on %s (metrics.host, metrics.port): %w", addr, err), m.Close())
		}
		m.addrs = append(m.addrs, ln.Addr().String())
		m.serve.Go(func() {
			if err := m.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
				log.Error("metrics are no longer served", "addr", addr, "error", err)
			}
		})
	}
	return m, nil
}

// Close ends open scrapes and returns when the goroutines are gone.
func (m *metricsServer) Close() error {
	err := m.http.Close()
	m.serve.Wait()
	return err
}

func newMetricsRegistry(list ...prometheus.Collector) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(list...)
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

func metricsHandler(log *slog.Logger, r *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		Timeout:  10 * time.Second,
	}))
	mux.HandleFunc("GET /{$}", metricsIndex)
	return mux
}

func metricsIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprint(w, "<!doctype html><title>Fanfare</title>\n<h1>Fanfare</h1>\n<p><a href=\"metrics\">metrics</a> for Prometheus</p>\n")
}
