//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

const deployed = "../../../deploy"

// prometheus is Debian's, and scrapes a server as deploy/prometheus says, but every second.
type prometheus struct{ url string }

var prometheusListens = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

func startPrometheus(t *testing.T, s *server, flags ...string) *prometheus {
	t.Helper()
	dir := t.TempDir()
	config := string(must(os.ReadFile(deployed + "/prometheus/prometheus.yml"))(t))
	config = regexp.MustCompile(`15s\b`).ReplaceAllString(strings.ReplaceAll(config, "127.0.0.1:9601", s.metrics), "1s")
	config = strings.ReplaceAll(config, "- fanfare.rules.yml", "- "+must(filepath.Abs(deployed+"/prometheus/fanfare.rules.yml"))(t))
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, ready := "", make(chan string, 1)
	cmd := exec.Command("prometheus", append([]string{
		"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0",
	}, flags...)...)
	process.Launch(t, cmd, func(line string) {
		if m := prometheusListens.FindStringSubmatch(line); m != nil {
			addr = m[1]
		}
		if strings.Contains(line, "Server is ready to receive web requests") {
			ready <- addr
		}
	})
	select {
	case addr := <-ready:
		return &prometheus{"http://" + addr}
	case <-time.After(patience):
		t.Fatal("prometheus does not become ready")
		return nil
	}
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// series is one of a query's answer.
type series struct {
	Metric map[string]string
	Value  [2]any
}

// get asks Prometheus' HTTP API.
func (p *prometheus) get(path string, params url.Values, data any) error {
	res, err := http.Get(p.url + path + "?" + params.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", params.Encode(), answer.Error)
	}
	return nil
}

func (p *prometheus) query(expr string) ([]series, error) {
	var data struct{ Result []series }
	err := p.get("/api/v1/query", url.Values{"query": {expr}}, &data)
	return data.Result, err
}

// finds waits until a query has an answer.
func (p *prometheus) finds(t *testing.T, expr string) {
	t.Helper()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for end := time.After(patience); ; {
		list, err := p.query(expr)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 {
			return
		}
		select {
		case <-look.C:
		case <-end:
			t.Errorf("%s finds nothing", expr)
			return
		}
	}
}

// watched is a server that has been used, with every metric that it can have.
func watched(t *testing.T) *server {
	t.Helper()
	s := serve(t, "--metrics-soketi-names")
	app := startApplication(t, s)
	alice := connectPusher(t, startNode(t, "client"), "alice", s.addr, app)
	alice.subscribe(t, "private-orders", "created")
	for range 20 {
		broadcast(t, s, "private-orders", "created")
	}
	return s
}

// TestPrometheus scrapes the server with a real one, in text and with native histograms, and asks it what dashboards ask.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	s := watched(t)
	native := startPrometheus(t, s, "--enable-feature=native-histograms")
	text := startPrometheus(t, s)
	for name, p := range map[string]*prometheus{"text": text, "native histograms": native} {
		t.Run(name, func(t *testing.T) {
			p.finds(t, `count_over_time(up{job="fanfare"}[20s]) >= 3 and up == 1`)
			p.healthyRules(t)
			p.answersDashboard(t)
		})
	}
	t.Run("buckets", func(t *testing.T) {
		text.finds(t, `fanfare_write_latency_seconds_bucket{le="+Inf"} == 20`)
		text.finds(t, `histogram_quantile(0.5, fanfare_write_latency_seconds_bucket) < 10`)
		native.finds(t, `histogram_count(fanfare_write_latency_seconds) == 20`)
		native.finds(t, `histogram_quantile(0.5, fanfare_write_latency_seconds) < 10`)
	})
	t.Run("soketi", func(t *testing.T) { text.answersSoketi(t) })
}

// healthyRules wants Prometheus to have evaluated every alert, and none to fire.
func (p *prometheus) healthyRules(t *testing.T) {
	t.Helper()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for end := time.After(patience); ; {
		list := p.rules(t)
		for _, r := range list {
			if r.Health == "err" || r.State == "firing" {
				t.Errorf("%s is %s, %s: %s", r.Name, r.Health, r.State, r.LastError)
			}
		}
		if len(list) > 0 && !slices.ContainsFunc(list, func(r rule) bool { return r.Health == "unknown" }) {
			return
		}
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("not all rules were evaluated: %+v", list)
		}
	}
}

type rule struct{ Name, Health, State, LastError string }

func (p *prometheus) rules(t *testing.T) []rule {
	t.Helper()
	var data struct{ Groups []struct{ Rules []rule } }
	if err := p.get("/api/v1/rules", nil, &data); err != nil {
		t.Fatal(err)
	}
	if len(data.Groups) != 1 {
		t.Fatalf("got %+v", data)
	}
	return data.Groups[0].Rules
}

// answersSoketi asks what people ask who watch soketi: each question finds the app on its port.
func (p *prometheus) answersSoketi(t *testing.T) {
	t.Helper()
	for _, expr := range []string{
		`soketi_connected`,
		`sum(soketi_connected)`,
		`avg(soketi_connected)`,
		`increase(soketi_new_connections_total[5m])`,
		`sum(rate(soketi_new_connections_total[5m]))`,
		`irate(soketi_new_connections_total[1m]) - irate(soketi_new_disconnections_total[1m])`,
		`increase(soketi_new_disconnections_total[5m])`,
		`rate(soketi_socket_received_bytes[5m])`,
		`irate(soketi_socket_transmitted_bytes[1m])`,
		`sum by (app_id) (rate(soketi_ws_messages_received_total[1m]))`,
		`sum by (app_id, port) (rate(soketi_ws_messages_sent_total[1m]))`,
		`rate(soketi_http_received_bytes[5m])`,
		`rate(soketi_http_transmitted_bytes[5m])`,
		`rate(soketi_http_calls_received_total[5m])`,
		`soketi_connected{app_id="app-id"} == 1`,
		`soketi_http_calls_received_total{app_id="app-id"} >= 20`,
		`soketi_ws_messages_sent_total{app_id="app-id"} >= 20`,
		`time() - soketi_process_start_time_seconds`,
		`soketi_process_resident_memory_bytes`,
		`rate(soketi_process_cpu_seconds_total[1m])`,
	} {
		p.finds(t, expr)
	}
}

// TestPrometheusRules holds the alerts to their own tests.
func TestPrometheusRules(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"check", "config", "prometheus.yml"},
		{"check", "rules", "fanfare.rules.yml"},
		{"test", "rules", "fanfare.rules.test.yml"},
	} {
		cmd := exec.Command("promtool", args...)
		cmd.Dir = deployed + "/prometheus"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	rules, tests := alerts(t, "fanfare.rules.yml", `- alert: (\w+)`), alerts(t, "fanfare.rules.test.yml", `- name: (\w+) fires`)
	for name := range rules {
		if !tests[name] {
			t.Errorf("%s has no test", name)
		}
	}
}

func alerts(t *testing.T, file, pattern string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(must(os.ReadFile(filepath.Join(deployed, "prometheus", file)))(t), -1) {
		names[string(m[1])] = true
	}
	return names
}
