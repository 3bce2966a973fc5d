//go:build e2e && linux

package hostile

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	standstill = 10 * time.Second       // and so long the server has no CPU
	talkEvery  = 300 * time.Millisecond // the talkers say something
	silence    = 4 * time.Second        // after which the server pings
)

// TestStandstill: the whole server stands still, as in a machine that is paused or starved, for longer than clients may be
// silent. Who spoke in the meantime is neither pinged nor closed; who is mute is found afterwards.
func TestStandstill(t *testing.T) {
	t.Parallel()
	s := serveWith(t, fmt.Sprintf(`
[server]
pong_timeout = 2

[[apps]]
id = %q
key = %q
secret = %q
activity_timeout = %d
`, victim.id, victim.key, victim.secret, silence/time.Second), "--loops", "2")
	talkers := make([]*peer, 200)
	for i := range talkers {
		talkers[i] = must(s.connect(victim))(t)
		defer talkers[i].Close()
	}
	stop := keepTalking(t, talkers)
	signalled := func(sig syscall.Signal) {
		t.Helper()
		if err := s.Cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	mute := must(s.connect(victim))(t)
	defer mute.Close()
	signalled(syscall.SIGSTOP)
	pause(standstill)
	signalled(syscall.SIGCONT)
	if err := s.reaches(`fanfare_pusher_closed_total{code="4201"}`, 1); err != nil {
		t.Error(err)
	}
	s.pingedOnly(t, 1)
	stop()
	if err := s.falls("fanfare_pusher_sessions", float64(len(talkers))); err != nil {
		t.Error(err)
	}
	s.toldOfStandstill(t)
}

// keepTalking has all peers say something now and then, until stop is called, which fails the test if one could not.
func keepTalking(t *testing.T, peers []*peer) (stop func()) {
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() {
		next := time.NewTicker(talkEvery)
		defer next.Stop()
		for {
			for _, p := range peers {
				if err := p.say(`{"event":"pusher:ping","data":{}}`); err != nil {
					done <- err
					return
				}
			}
			select {
			case <-next.C:
			case <-quit:
				done <- nil
				return
			}
		}
	}()
	return func() {
		t.Helper()
		close(quit)
		if err := <-done; err != nil {
			t.Errorf("a talker was cut off: %v", err)
		}
	}
}

// pingedOnly wants n to have been taken for silent, and no more to have been closed for it.
func (s *server) pingedOnly(t *testing.T, n float64) {
	t.Helper()
	for _, name := range []string{"fanfare_pusher_pings_sent_total", `fanfare_pusher_closed_total{code="4201"}`} {
		if got, err := s.metric(name); err != nil || got != n {
			t.Errorf("%s is %v, want %v (%v)", name, got, n, err)
		}
	}
}

// toldOfStandstill wants metrics and the log to tell what happened.
func (s *server) toldOfStandstill(t *testing.T) {
	t.Helper()
	const about = 1.5 // seconds: up to one of the ticks before, and what is late
	for _, loop := range []string{"0", "1"} {
		got, err := s.metric(`fanfare_loop_longest_stall_seconds{loop="` + loop + `"}`)
		if err != nil || got < standstill.Seconds()-about {
			t.Errorf("loop %s stood still for %v s, want about %v (%v)", loop, got, standstill, err)
		}
	}
	if log := s.Log(); !strings.Contains(log, `"msg":"a loop stood still; time-outs wait until it has heard its clients"`) {
		t.Errorf("the log says\n%s", log)
	}
}
