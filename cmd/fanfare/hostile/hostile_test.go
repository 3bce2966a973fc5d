//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// attack is one kind of hostility.
type attack struct {
	name   string
	growth int64    // bytes by which the server's resident memory may rise, at its peak
	why    string   // where that bound comes from
	flags  []string // of serve
	secure bool     // the crowd comes by TLS
	run    func(s *server) error
}

// attacks is every kind, in the order of what it takes to be understood: HTTP, RFC 6455, Pusher.
var attacks = []attack{
	slowHeads, longHeads, halfOpen,
	hugeFrames, endlessMessages, pingFlood, deafPingFlood, brokenText,
	deepJSON, manyChannels, crowdedNode, stalledReader, crossApp, forgedUser,
	endlessHandshakes, brokenHandshakes, keyUpdates,
}

// quietTime is how long the crowd is watched before an attack, and the least that an attack takes.
const quietTime = 1500 * time.Millisecond

// TestHostile attacks a new server in every way. The table of what that did to memory and to the crowd's latency is kept as
// hostile.txt.
func TestHostile(t *testing.T) {
	table := []string{strings.Join([]string{
		"attack", "seconds", "server CPU s", "resident MiB quiet", "peak growth MiB", "bound MiB",
		"pong p99 ms quiet", "under attack", "times", "worst", "event p99 ms quiet", "under attack", "times", "worst",
	}, "\t")}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			row := a.test(t)
			t.Log(table[0] + "\n" + row)
			table = append(table, row)
		})
	}
	file := filepath.Join(t.ArtifactDir(), "hostile.txt")
	if err := os.WriteFile(file, []byte(strings.Join(table, "\n")+"\n"), 0o644); err != nil {
		t.Error(err)
	}
}

// test runs one attack and gives its row of the table.
func (a *attack) test(t *testing.T) string {
	flags := a.flags
	if a.secure {
		flags = append(tlsFlags(t), flags...)
	}
	s := serve(t, flags...)
	c, err := gather(s)
	if err != nil {
		t.Fatalf("cannot gather the good clients: %v", err)
	}
	goroutines, err := s.metric("go_goroutines")
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(quietTime)
	r := report{pongs: c.pongs.take(), events: c.events.take()}
	if r.resident, err = s.resident(); err != nil {
		t.Fatal(err)
	}
	if err := s.restartPeak(); err != nil {
		t.Fatalf("cannot measure peaks of memory: %v", err)
	}
	before, err := s.cpu()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	attackErr := a.run(s)
	r.took = time.Since(start)
	after, err := s.cpu()
	r.cpu = after - before
	r.pongsUnder, r.eventsUnder = c.pongs.take(), c.events.take()
	peak, peakErr := s.peak()
	if err := errors.Join(attackErr, err, peakErr, c.dismiss()); err != nil {
		t.Error(err)
	}
	r.growth = peak - r.resident
	if r.growth > a.growth {
		t.Errorf("resident memory rose from %s by %s MiB, want at most %s (%s)", inMiB(r.resident), inMiB(r.growth), inMiB(a.growth), a.why)
	}
	s.unharmed(t)
	const workers = 16 // more or less, of a pool
	if err := s.falls("go_goroutines", goroutines+workers); err != nil {
		t.Error(err)
	}
	return r.row(a)
}

// report is what an attack did.
type report struct {
	took, cpu               time.Duration // the server's processor time
	resident, growth        int64
	pongs, events           figures // quiet
	pongsUnder, eventsUnder figures // while it ran
}

func (r *report) row(a *attack) string {
	return strings.Join([]string{
		a.name, fmt.Sprintf("%.1f", r.took.Seconds()), fmt.Sprintf("%.1f", r.cpu.Seconds()), inMiB(r.resident), inMiB(r.growth), inMiB(a.growth),
		ms(r.pongs.p99), ms(r.pongsUnder.p99), fmt.Sprintf("%.1f", r.pongsUnder.over(r.pongs)), ms(r.pongsUnder.worst),
		ms(r.events.p99), ms(r.eventsUnder.p99), fmt.Sprintf("%.1f", r.eventsUnder.over(r.events)), ms(r.eventsUnder.worst),
	}, "\t")
}

func inMiB(n int64) string { return fmt.Sprintf("%.1f", float64(n)/mib) }
