//go:build e2e

package hostile

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The most that apps allow by default takes minutes:
//
//	go test -tags e2e -run Presence -timeout 30m ./cmd/fanfare/hostile -members 10000
var members = flag.Int("members", 1000, "members of the channel in TestPresence")

// presenceGrowth is how far resident memory may rise, in bytes: what any crowd takes, and for each member a connection, a seat,
// and its share of the lists and events that wait for sockets.
func presenceGrowth(n int) int64 { return 16*mib + int64(n)*24*kib }

// TestPresence has all members of a room come at the same moment, a half leave at the same moment, that half return while the
// other leaves, and all leave. Who stays must be told of each of the others' moves once, in an order that makes the truth, and
// of its own never.
func TestPresence(t *testing.T) {
	r := open(t, *members)
	table := []string{strings.Join([]string{
		"step", "moves", "seconds", "server CPU s", "CPU ms each", "messages delivered", "confirmed p50 ms", "p99", "worst", "peak growth MiB",
	}, "\t")}
	for _, s := range []step{
		{"all come", all, none},
		{"a half leaves", none, even},
		{"it returns while the other leaves", even, odd},
		{"the rest leaves", none, even},
	} {
		done, err := r.take(s)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		table = append(table, done.row(s))
		t.Log(done.row(s))
		if n := len(r.visitors); s.name == "all come" && done.events != float64(n*(n-1)/2+2*n) {
			t.Errorf("%v messages were delivered, want one to each who was there before, a list to the newcomer, and the last one to all", done.events)
		}
	}
	peak, err := r.server.peak()
	if err != nil {
		t.Error(err)
	}
	if growth := peak - r.resident; growth > presenceGrowth(len(r.visitors)) {
		t.Errorf("resident memory rose from %s by %s MiB, want at most %s",
			inMiB(r.resident), inMiB(growth), inMiB(presenceGrowth(len(r.visitors))))
	}
	r.close()
	r.server.unharmed(t)
	text := fmt.Sprintf("%d members of one presence channel\n%s\n", len(r.visitors), strings.Join(table, "\n"))
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "presence.txt"), []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}

// step is who comes and who leaves at the same moment.
type step struct {
	name        string
	comes, goes func(number int) bool
}

func all(int) bool    { return true }
func none(int) bool   { return false }
func even(n int) bool { return n%2 == 0 }
func odd(n int) bool  { return n%2 == 1 }
