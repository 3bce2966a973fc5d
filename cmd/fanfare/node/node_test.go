//go:build unix

package node

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"fanfare/cmd/fanfare/config"
	"fanfare/engine"
)

// startNode runs a Main on free ports of the loopback addresses.
func startNode(t *testing.T, change func(*config.Config)) *Main {
	t.Helper()
	m := newNode(t, change)
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return m
}

func newNode(t *testing.T, change func(*config.Config)) *Main {
	t.Helper()
	l, err := config.Load(config.Sources{Flags: map[string]string{"port": "0", "metrics-port": "0", "loops": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	l.Control.Socket = "" // there is nobody to speak to it
	if change != nil {
		change(&l.Config)
	}
	return &Main{Config: l.Config, Log: slog.New(slog.DiscardHandler)}
}

// get fetches a page over a connection of its own.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestNodeServesBothLoopbackAddresses(t *testing.T) {
	m := startNode(t, nil)
	want := 1
	if tryListen(t.Context(), "::1") == nil {
		want = 2
	}
	if len(m.Addrs) != want {
		t.Errorf("listens on %v, want %d addresses", m.Addrs, want)
	}
	for _, addr := range m.Addrs {
		if _, port, _ := net.SplitHostPort(addr); port == "0" || port == "" {
			t.Errorf("address %s has no port", addr)
		}
		for _, path := range []string{"/", "/up", "/ready"} {
			if status, body := get(t, "http://"+addr+path); status != 200 {
				t.Errorf("GET %s%s: %d %s", addr, path, status, body)
			}
		}
	}
}

// A star is every address of both families, for clients and for the operator.
func TestNodeServesEveryAddress(t *testing.T) {
	m := startNode(t, func(c *config.Config) {
		c.Server.Host, c.Metrics.Host = "*", "*"
		c.Apps[0].Secret, c.Metrics.Token = "a-secret-of-the-tests", "a-token-of-some-length"
	})
	loopbacks := []string{"127.0.0.1", "127.0.0.9"}
	if tryListen(t.Context(), "::1") == nil {
		loopbacks = append(loopbacks, "::1")
	}
	for _, host := range loopbacks {
		if status, body := get(t, "http://"+net.JoinHostPort(host, strconv.Itoa(m.Port()))+"/up"); status != 200 {
			t.Errorf("GET /up of %s: %d %s", host, status, body)
		}
	}
	if len(m.MetricsAddrs) != len(m.Addrs) {
		t.Errorf("clients are served on %v, metrics on %v", m.Addrs, m.MetricsAddrs)
	}
}

func TestNodeRefusesAnOccupiedPort(t *testing.T) {
	m := startNode(t, nil)
	second := newNode(t, func(c *config.Config) { c.Server.Port = m.Port() })
	err := second.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), m.Addrs[0]) {
		t.Errorf("second node on the same port: %v, want an error that names %s", err, m.Addrs[0])
	}
	metrics := newNode(t, func(c *config.Config) {
		addr, err := netip.ParseAddrPort(m.MetricsAddrs[0])
		if err != nil {
			t.Fatal(err)
		}
		c.Metrics.Port = int(addr.Port())
	})
	if err = metrics.Run(t.Context()); err == nil || !strings.Contains(err.Error(), m.MetricsAddrs[0]) || !strings.Contains(err.Error(), "metrics.port") {
		t.Errorf("second node with the same metrics port: %v, want an error that names %s and the key", err, m.MetricsAddrs[0])
	}
	select {
	case <-metrics.Done():
	default:
		t.Error("its engine still runs")
	}
}

// How many handshakes there may be is the engine's to keep.
func TestHandshakesAreBounded(t *testing.T) {
	m := newNode(t, func(c *config.Config) { c.TLS.Handshakes, c.TLS.HandshakesOpen = 3, 77 })
	if cfg := m.engineConfig(); cfg.Handshakes != 3 || cfg.HandshakesOpen != 77 {
		t.Errorf("got %d and %d, want 3 and 77", cfg.Handshakes, cfg.HandshakesOpen)
	}
}

// What the configuration takes, the engine takes too.
func TestLoopsHaveTheEnginesLimit(t *testing.T) {
	load := func(loops int) error {
		_, err := config.Load(config.Sources{Flags: map[string]string{"loops": strconv.Itoa(loops)}})
		return err
	}
	if err := load(engine.MaxLoops); err != nil {
		t.Errorf("%d loops: %v", engine.MaxLoops, err)
	}
	if err := load(engine.MaxLoops + 1); err == nil {
		t.Errorf("%d loops are taken", engine.MaxLoops+1)
	}
}

func TestNodeRefusesToExposeKnownCredentials(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "::", "[::]", "192.0.2.1"} {
		m := newNode(t, func(c *config.Config) { c.Server.Host = host })
		err := m.Run(t.Context())
		if _, ok := errors.AsType[config.Error](err); !ok || !strings.Contains(err.Error(), "fanfare init") {
			t.Errorf("host %s: %v, want a refusal that names fanfare init", host, err)
		}
	}
	own := func(c *config.Config) { c.Server.Host, c.Apps[0].Secret = "0.0.0.0", "of-our-own" }
	startNode(t, own)
}

func TestNodeTakesAHostName(t *testing.T) {
	m := newNode(t, func(c *config.Config) { c.Server.Host = "no-such-host.invalid" })
	if err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), `server.host = "no-such-host.invalid"`) {
		t.Errorf("unknown host: %v, want an error that names key and value", err)
	}
}

func TestMetrics(t *testing.T) {
	m := startNode(t, nil)
	get(t, "http://"+m.Addrs[0]+"/up")
	_, page := get(t, "http://"+m.MetricsAddrs[0]+"/metrics")
	for _, want := range []string{
		"# TYPE fanfare_connections gauge\n",
		"# TYPE fanfare_connections_opened_total counter\n",
		`fanfare_connections_closed_total{cause="slow"} 0` + "\n",
		"fanfare_loops 2\n",
		"fanfare_build_info{",
		"# TYPE process_resident_memory_bytes gauge\n",
		"# TYPE go_goroutines gauge\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("/metrics has no %q", want)
		}
	}
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "fanfare_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if _, page := get(t, "http://"+m.MetricsAddrs[0]+"/"); !strings.Contains(page, `<a href="metrics">`) {
		t.Errorf("the index page has no link to the metrics:\n%s", page)
	}
	if status, _ := get(t, "http://"+m.MetricsAddrs[0]+"/other"); status != 404 {
		t.Errorf("GET /other: %d, want 404", status)
	}
}

func TestMetricsCanBeOff(t *testing.T) {
	m := startNode(t, func(c *config.Config) { c.Metrics.Enabled = false })
	if len(m.MetricsAddrs) > 0 {
		t.Errorf("metrics are served on %v", m.MetricsAddrs)
	}
}

func TestSettingsArriveInTheEngine(t *testing.T) {
	m := Main{Config: config.Config{Server: config.Server{QueueAge: time.Minute}}}
	if got := m.engineConfig().QueueAge; got != time.Minute {
		t.Errorf("queue_age is %v in the engine, want 1m", got)
	}
}
