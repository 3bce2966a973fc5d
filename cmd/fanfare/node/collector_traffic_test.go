//go:build unix

package node

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"fanfare/channels/apps"
	"fanfare/cmd/fanfare/config"
)

const subscribeToC = `{"event":"pusher:subscribe","data":{"channel":"c"}}`

// reader is a client that has subscribed to channel c.
func reader(t *testing.T, m *Main) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, r := webSocket(t, m.Addrs[0])
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, "\x81"+string([]byte{0x80 | byte(len(subscribeToC))})+"\x00\x00\x00\x00"+subscribeToC); err != nil {
		t.Fatal(err)
	}
	hears(t, r, "subscription_succeeded")
	return c, r
}

// hears reads until the end of a text.
func hears(t *testing.T, r *bufio.Reader, text string) {
	t.Helper()
	for heard := ""; !strings.HasSuffix(heard, text); {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("%v after %q", err, heard)
		}
		heard += string(rune(b))
	}
}

// wantMetrics waits until the metrics are as they should be: figures of loops may be
// a second old.
func wantMetrics(t *testing.T, m *Main, want map[string]float64) {
	t.Helper()
	every, late := time.NewTicker(20*time.Millisecond), time.After(patience)
	defer every.Stop()
	for {
		all, got := parsed(t, "http://"+m.MetricsAddrs[0]+"/metrics", "text/plain"), map[string]float64{}
		for name := range want {
			got[name] = sumOf(all[name])
		}
		diff := cmp.Diff(want, got)
		if diff == "" {
			return
		}
		select {
		case <-every.C:
		case <-late:
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

// sumOf adds up all series; of histograms it counts.
func sumOf(f *dto.MetricFamily) (sum float64) {
	for _, p := range f.GetMetric() {
		sum += p.GetGauge().GetValue() + p.GetCounter().GetValue() + float64(p.GetHistogram().GetSampleCount())
	}
	return sum
}

// The metrics tell what happened: two clients subscribe, three events reach both, and
// one client leaves.
func TestMetricsTellWhatHappened(t *testing.T) {
	m := startNode(t, func(c *config.Config) { c.Metrics.SoketiNames, c.Server.Loops = true, 1 })
	first, firstReads := reader(t, m)
	_, secondReads := reader(t, m)
	for range 3 {
		publish(t, m, apps.DefaultID, apps.DefaultKey, apps.DefaultSecret)
	}
	for range 3 {
		hears(t, firstReads, `"event":"e"`)
		hears(t, secondReads, `"event":"e"`)
	}
	want := map[string]float64{
		"fanfare_connections": 2, "fanfare_loop_connections": 2, "fanfare_app_connections": 2, "fanfare_pusher_sessions": 2,
		"fanfare_upgrades_total": 2, "fanfare_messages_received_total": 2, "fanfare_app_messages_received_total": 2,
		"fanfare_app_subscribes_total": 2, "fanfare_channels": 1, "fanfare_subscriptions": 2,
		"fanfare_app_publishes_total": 3, "fanfare_app_http_requests_total": 3, "fanfare_api_answers_total": 3,
		"fanfare_http_requests_total": 5, "fanfare_connections_opened_total": 5, "fanfare_connections_closed_total": 3,
		"fanfare_write_latency_seconds": 6, "fanfare_fanout_duration_seconds": 3,
		"fanfare_app_messages_sent_total": 2 * (2 + 3), // connection_established and subscription_succeeded come first

		"soketi_connected": 2, "soketi_new_connections_total": 2, "soketi_new_disconnections_total": 0,
		"soketi_ws_messages_received_total": 2, "soketi_ws_messages_sent_total": 2 * (2 + 3),
		"soketi_socket_received_bytes": float64(2 * len(subscribeToC)), "soketi_http_calls_received_total": 3,
	}
	wantMetrics(t, m, want)
	first.Close()
	want["fanfare_connections"], want["fanfare_loop_connections"], want["fanfare_app_connections"] = 1, 1, 1
	want["fanfare_pusher_sessions"], want["fanfare_subscriptions"], want["fanfare_connections_closed_total"] = 1, 1, 4
	want["soketi_connected"], want["soketi_new_disconnections_total"] = 1, 1
	wantMetrics(t, m, want)
}
