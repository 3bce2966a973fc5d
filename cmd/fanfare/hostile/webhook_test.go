//go:build e2e

package hostile

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Two minutes, as applications have them, go on for five with the pauses between attempts:
//
//	go test -tags e2e -run Webhook -timeout 30m ./cmd/fanfare/hostile -outage 2m
var outage = flag.Duration("outage", 20*time.Second, "how long the webhook's receiver is down in TestWebhookOutage")

// hookTimeout is how long the server waits for the receiver's answer.
const hookTimeout = 2 * time.Second

// hooked is the settings of a server whose only app tells addr of client events.
func hooked(addr, dir string) string {
	return fmt.Sprintf(`
[webhooks]
timeout = %d
dir = %q

[[apps]]
id = %q
key = %q
secret = %q

[apps.limit]
client_events_per_second = 0

[[apps.webhooks]]
url = "http://%s/hook"
events = ["client_event"]
private_targets = true
`, hookTimeout/time.Second, dir, victim.id, victim.key, victim.secret, addr)
}

// A webhook's receiver that is down in every way, while a thousand events happen each second, gets all of them in the end, once
// and in the order of each channel. Clients on the WebSocket notice nothing.
func TestWebhookOutage(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	s := serveWith(t, hooked(b.addr, ""))
	c, err := gather(s)
	if err != nil {
		t.Fatal(err)
	}
	d, err := dictate(s, b, "desk")
	if err != nil {
		t.Fatal(err)
	}
	pause(3 * time.Second)
	before, resident := c.events.take(), must(s.resident())(t)
	if err := s.restartPeak(); err != nil {
		t.Fatal(err)
	}
	for _, m := range []mood{refusing, hanging, failing} {
		if err := b.be(m); err != nil {
			t.Fatal(err)
		}
		pause(*outage / 3)
	}
	during, queued := c.events.take(), must(s.metric("fanfare_webhook_queued_events"))(t)
	if err := b.be(taking); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	pause(2 * time.Second)
	if err := errors.Join(d.end(), s.within(*outage+2*time.Minute, "fanfare_webhook_queued_events", 0), c.dismiss()); err != nil {
		t.Fatal(err)
	}
	after := c.events.take()
	again := b.wants(t, d.said(), d.said())
	text := fmt.Sprintf("%v without a receiver, %d events a second\n"+
		"events\twaiting at the end\tdelivered after s\tcame again\tpeak growth MiB\tdelivery p99 ms with the receiver\twithout\tworst with\twithout\n"+
		"%d\t%.0f\t%.1f\t%d\t%s\t%s\t%s\t%s\t%s\n", *outage, eventsPerSecond,
		sum(d.said()), queued, time.Since(back).Seconds(), again, inMiB(must(s.peak())(t)-resident),
		ms(before.p99), ms(during.p99), ms(before.worst), ms(during.worst))
	t.Log(text)
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "webhooks.txt"), []byte(text), 0o644); err != nil {
		t.Error(err)
	}
	if want := 0.8 * eventsPerSecond * outage.Seconds(); queued < want {
		t.Errorf("%.0f events waited, want %.0f at least", queued, want)
	}
	// What holds up a delivery for so long can hold up an answer beyond the time-out; the events then come again.
	if worst := max(before.worst, during.worst, after.worst); again > 0 && worst < hookTimeout/2 {
		t.Errorf("%d events came again, and no delivery took more than %v", again, worst)
	}
	if during.p50 > 3*before.p50+25*time.Millisecond || during.p99 > hookTimeout/2 {
		t.Errorf("without the receiver deliveries took %v (p50) and %v (p99), and %v and %v with it", during.p50, during.p99, before.p50, before.p99)
	}
	for _, name := range s.dropped(t) {
		t.Errorf("events were dropped: %s", name)
	}
}

// A server that is killed has kept the events that it was told of a second ago and more, whether their receiver was down or
// taking. The next one delivers them in order; some may come again.
func TestWebhookKill(t *testing.T) {
	t.Parallel()
	b, dir := newBox(t), t.TempDir()
	for _, m := range []mood{failing, taking, hanging} {
		if err := b.be(taking); err != nil {
			t.Fatal(err)
		}
		s := serveWith(t, hooked(b.addr, dir))
		before, _ := b.faults()
		first := b.total()
		d, err := dictate(s, b, "desk")
		if err != nil {
			t.Fatal(err)
		}
		pause(time.Second)
		if err := b.be(m); err != nil {
			t.Fatal(err)
		}
		pause(3 * time.Second)
		kept := d.said()
		pause(time.Second)
		if err := s.Cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-s.Done
		_ = d.end() // their connections are gone
		said := d.said()
		if err := b.be(taking); err != nil {
			t.Fatal(err)
		}
		next := serveWith(t, hooked(b.addr, dir))
		next.delivers(t, b)
		again := b.wants(t, kept, said) - before
		t.Logf("killed while the receiver was %s: of %d events %d had been there for a second, all delivered; %d came again",
			m, sum(said)-first, sum(kept)-first, again)
		if code, err := next.Stop(patience); err != nil || code != 0 {
			t.Fatalf("exit code %d, %v", code, err)
		}
	}
}

// delivers waits until the server has nothing left to deliver.
func (s *server) delivers(t *testing.T, b *box) {
	t.Helper()
	if err := s.within(2*time.Minute, "fanfare_webhook_queued_events", 0); err != nil {
		t.Fatal(err)
	}
	for _, name := range s.dropped(t) {
		t.Errorf("events were dropped: %s", name)
	}
	if _, wrong := b.faults(); wrong != nil {
		t.Fatal(wrong)
	}
}

// wants checks that at least so many and at most so many of each channel's events were taken, in order, and gives how many came
// more than once.
func (b *box) wants(t *testing.T, least, most map[string]int) (again int) {
	t.Helper()
	for channel, n := range least {
		if got := b.taken(channel); got < n || got > most[channel] {
			t.Errorf("%s: %d events were delivered, want %d to %d", channel, got, n, most[channel])
		}
	}
	again, wrong := b.faults()
	if wrong != nil {
		t.Error(wrong)
	}
	return again
}

// dropped names the reasons for which events were dropped.
func (s *server) dropped(t *testing.T) (reasons []string) {
	t.Helper()
	lines, err := s.lines("fanfare_webhook_dropped_total{")
	if err != nil || len(lines) == 0 {
		t.Errorf("no metric tells of dropped events: %v", err)
	}
	for _, line := range lines {
		if !strings.HasSuffix(line, " 0") {
			reasons = append(reasons, line)
		}
	}
	return reasons
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// pause lets what is under way go on for a while.
func pause(d time.Duration) { <-time.After(d) }

// must is for values whose absence ends the test.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
