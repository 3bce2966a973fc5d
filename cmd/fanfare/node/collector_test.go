//go:build unix

package node

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"fanfare/channels/apps"
	"fanfare/channels/webhooks"
	"fanfare/cmd/fanfare/config"
	"fanfare/engine/tlsconn/certs/certstest"
	"fanfare/protocol/pusher/auth"
)

// parsed reads a page of metrics in the format that it is offered in.
func parsed(t *testing.T, url, accept string) map[string]*dto.MetricFamily {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	req.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all := map[string]*dto.MetricFamily{}
	for d := expfmt.NewDecoder(res.Body, expfmt.ResponseFormat(res.Header)); ; {
		f := &dto.MetricFamily{}
		err := d.Decode(f)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[f.GetName()] = f
	}
}

const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

// publish has the node take an event to a channel without subscribers.
func publish(t *testing.T, m *Main, id, key, secret string) {
	t.Helper()
	const body = `{"name":"e","channel":"c","data":"{}"}`
	s := auth.NewSigner(key, secret)
	path := "/apps/" + id + "/events"
	target := path + "?" + s.SignRequest(http.MethodPost, path, nil, []byte(body), time.Now())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+m.Addrs[0]+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != 200 {
		t.Fatalf("%s %s", res.Status, b)
	}
}

// Apps beyond max_apps are one.
func TestAppsAreBounded(t *testing.T) {
	m := startNode(t, func(c *config.Config) {
		c.Metrics.MaxApps = 2
		c.Apps = fourApps(t)
	})
	for i := range 4 {
		for range i + 1 {
			publish(t, m, fmt.Sprint(i), fmt.Sprint(i, "-key"), "secret")
		}
	}
	got := map[string]float64{}
	for _, p := range parsed(t, "http://"+m.MetricsAddrs[0]+"/metrics", "text/plain")["fanfare_app_publishes_total"].GetMetric() {
		got[p.GetLabel()[0].GetValue()] = p.GetCounter().GetValue()
	}
	if diff := cmp.Diff(map[string]float64{"0": 1, "1": 2, "other": 7}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func fourApps(t *testing.T) []config.App {
	t.Helper()
	var text string
	for i := range 4 {
		text += fmt.Sprintf("[[apps]]\nid = \"%d\"\nkey = \"%d-key\"\nsecret = \"secret\"\n", i, i)
	}
	l, err := config.Load(config.Sources{AppsText: &text})
	if err != nil {
		t.Fatal(err)
	}
	return l.Apps
}

// An app's webhooks are with the app, or with the others.
func TestFiguresOfWebhooks(t *testing.T) {
	tenants := apps.NewTenants(1)
	tenants.Name(1)
	tenants.Of(apps.New("a", "a-key", "s"))
	tenants.Of(apps.New("b", "b-key", "s"))
	list := figuresOf(tenants, []webhooks.EndpointStats{
		{App: "a", Queued: 1, QueuedBytes: 10, Oldest: time.Second},
		{App: "a", Queued: 2, QueuedBytes: 20, Oldest: time.Minute, Failing: true},
		{App: "b", Queued: 4},
		{App: "never met", Queued: 8},
	})
	got := map[string]hookFigures{}
	for _, f := range list {
		got[f.id] = f.hooks
	}
	want := map[string]hookFigures{"a": {queued: 3, bytes: 30, failing: 1, oldest: time.Minute}, "other": {queued: 12}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(hookFigures{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Histograms have classic buckets in text, and both kinds for who can read both.
func TestHistogramsHaveBothKindsOfBuckets(t *testing.T) {
	m := startNode(t, nil)
	for _, accept := range []string{"text/plain", protobuf} {
		all := parsed(t, "http://"+m.MetricsAddrs[0]+"/metrics", accept)
		for _, name := range []string{"fanfare_write_latency_seconds", "fanfare_fanout_duration_seconds"} {
			h := all[name].GetMetric()[0].GetHistogram()
			if n := len(h.GetBucket()); n < lastOctave-firstOctave+1 {
				t.Errorf("%s in %s has %d classic buckets", name, accept, n)
			}
			if native := h.Schema != nil; native != (accept == protobuf) {
				t.Errorf("%s in %s: native buckets: %v", name, accept, native)
			}
		}
	}
}

// soketi's names have its types and labels.
func TestSoketiNames(t *testing.T) {
	m := startNode(t, func(c *config.Config) { c.Metrics.SoketiNames = true })
	publish(t, m, apps.DefaultID, apps.DefaultKey, apps.DefaultSecret)
	url := "http://" + m.MetricsAddrs[0]
	all := parsed(t, url+"/metrics", "text/plain")
	for name, want := range map[string]float64{
		"soketi_connected": 0, "soketi_new_connections_total": 0, "soketi_new_disconnections_total": 0,
		"soketi_socket_received_bytes": 0, "soketi_socket_transmitted_bytes": 0,
		"soketi_ws_messages_received_total": 0, "soketi_ws_messages_sent_total": 0,
		"soketi_http_received_bytes": 38, "soketi_http_transmitted_bytes": 2, "soketi_http_calls_received_total": 1,
	} {
		f := all[name]
		if len(f.GetMetric()) != 1 {
			t.Errorf("%s has %d series", name, len(f.GetMetric()))
			continue
		}
		p := f.GetMetric()[0]
		if got := p.GetCounter().GetValue() + p.GetGauge().GetValue(); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
		if isGauge := f.GetType() == dto.MetricType_GAUGE; isGauge != (name == "soketi_connected") {
			t.Errorf("%s is a %v", name, f.GetType())
		}
		labels := map[string]string{}
		for _, l := range p.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if diff := cmp.Diff(map[string]string{"app_id": apps.DefaultID, "port": fmt.Sprint(m.Port())}, labels); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if all["soketi_process_resident_memory_bytes"] == nil {
		t.Error("the process has no metrics")
	}
	soketiPages(t, url)
}

// soketiPages checks what soketi's own dashboards read.
func soketiPages(t *testing.T, url string) {
	t.Helper()
	_, page := get(t, url+"/metrics?json=1")
	var list []soketiFamily
	if err := json.Unmarshal([]byte(page), &list); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(f soketiFamily) bool { return f.Name == "soketi_http_calls_received_total" })
	if at < 0 || list[at].Type != "counter" || list[at].Values[0].Value != 1 || list[at].Values[0].Labels["app_id"] != apps.DefaultID {
		t.Errorf("got %s", page)
	}
	_, page = get(t, url+"/usage")
	var usage struct {
		Memory struct{ Free, Used, Total, Percent float64 }
	}
	if err := json.Unmarshal([]byte(page), &usage); err != nil {
		t.Fatal(err)
	}
	if u := usage.Memory; u.Used < 1<<20 || u.Free+u.Used != u.Total || u.Percent <= 0 || u.Percent > 100 {
		t.Errorf("got %s", page)
	}
}

// Without the setting there are none.
func TestSoketiNamesCanBeOff(t *testing.T) {
	m := startNode(t, nil)
	for name := range parsed(t, "http://"+m.MetricsAddrs[0]+"/metrics", "text/plain") {
		if strings.HasPrefix(name, soketiPrefix) {
			t.Errorf("%s is there", name)
		}
	}
	if status, _ := get(t, "http://"+m.MetricsAddrs[0]+"/usage"); status != 404 {
		t.Errorf("GET /usage: %d, want 404", status)
	}
}

// When certificates begin and end is told by name and file.
func TestCertificateMetrics(t *testing.T) {
	a, dir := certstest.NewAuthority(t), t.TempDir()
	cert := a.For(t, "example.com")
	certFile, keyFile := certstest.Write(t, dir, "x", cert)
	m := startNode(t, func(c *config.Config) {
		c.TLS.Enabled, c.TLS.Port, c.TLS.Cert, c.TLS.Key = true, 0, certFile, keyFile
	})
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	must(t, err)
	all := parsed(t, "http://"+m.MetricsAddrs[0]+"/metrics", "text/plain")
	for name, want := range map[string]time.Time{"not_before": leaf.NotBefore, "not_after": leaf.NotAfter} {
		list := all["fanfare_tls_certificate_"+name+"_seconds"].GetMetric()
		if len(list) != 1 {
			t.Fatalf("%s has %d series", name, len(list))
		}
		labels := fmt.Sprint(list[0].GetLabel())
		if got := list[0].GetGauge().GetValue(); got != float64(want.Unix()) || !strings.Contains(labels, "example.com") || !strings.Contains(labels, certFile) {
			t.Errorf("%s of %s is %v, want %v", name, labels, got, want.Unix())
		}
	}
}
