//go:build e2e && linux

package hostile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"
)

// committed is the age from which an event must be on disk: commits are made every 50 ms, and the rest is for a machine that is
// busy. An event is acknowledged by nothing but its age.
const committed = 700 * time.Millisecond

// A server whose webhooks are kept on disk is killed over and over: while a thousand events a second come in, while their receiver
// takes them or doesn't, while what an earlier one left is being read or sent. Each time another one goes on in the same folder.
// In the end every event that was committed when its server was killed has been delivered, in the order of its channel; some
// came more than once.
func TestKillsOfWebhooks(t *testing.T) {
	t.Parallel()
	random := dice(t)
	b, dir := newBox(t), t.TempDir()
	least, most := map[string]int{}, map[string]int{}
	for round := range *kills {
		if err := b.be([]mood{taking, failing, hanging, refusing}[random.IntN(4)]); err != nil {
			t.Fatal(err)
		}
		kept, said := killed(t, b, dir, fmt.Sprint("round-", round), random)
		maps.Copy(least, kept)
		maps.Copy(most, said)
		if _, wrong := b.faults(); wrong != nil {
			t.Fatalf("after %d kills: %v", round+1, wrong)
		}
	}
	if err := b.be(taking); err != nil {
		t.Fatal(err)
	}
	s := serveWith(t, hooked(b.addr, dir))
	s.delivers(t, b)
	again := b.wants(t, least, most)
	t.Logf("%d kills: of %d events %d were committed, all of which were delivered, in order; %d were delivered in all, %d of them more than once",
		*kills, sum(most), sum(least), b.total(), again)
}

// killed runs a server for a while, most often under a load that it has just begun to get, and kills it. Kept is what was
// committed then, and said is all.
func killed(t *testing.T, b *box, dir, name string, random *rand.Rand) (kept, said map[string]int) {
	t.Helper()
	s := serveWith(t, hooked(b.addr, dir))
	if random.IntN(4) == 0 { // in the middle of what it finds there
		pause(time.Duration(random.Int64N(int64(200 * time.Millisecond))))
		s.kill(t)
		return nil, nil
	}
	d, err := dictate(s, b, name)
	if err != nil {
		t.Fatal(err)
	}
	pause(time.Duration(random.Int64N(int64(time.Second))))
	kept = d.said()
	pause(committed + time.Duration(random.Int64N(int64(100*time.Millisecond))))
	s.kill(t)
	_ = d.end() // their connections are gone
	return kept, d.said()
}

// kill ends a server at once.
func (s *server) kill(t *testing.T) {
	t.Helper()
	if err := s.Cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.Done
}
