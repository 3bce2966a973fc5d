package engine_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanfare/engine"
	"fanfare/engine/enginetest"
)

// departures is when goodbyes were said, since the farewell began.
type departures []time.Duration

// most is the largest number within any stretch of that length.
func (d departures) most(within time.Duration) (most int) {
	first := 0
	for i := range d {
		for d[i]-d[first] > within {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func (d departures) last() time.Duration {
	if len(d) == 0 {
		return 0
	}
	return d[len(d)-1]
}

// openWebSockets gives a loop so many connections.
func openWebSockets(l *enginetest.Loop, n int) {
	for range n {
		p := l.Dial()
		p.Write([]byte(upgradeRequest))
		p.Discard()
	}
}

// farewell runs one in a bubble, over loops with so many connections, that run
// their turns every millisecond.
func farewell(t *testing.T, over time.Duration, counts ...int) (said departures) {
	t.Helper()
	var loops []*engine.Loop
	var driven []*enginetest.Loop
	for _, n := range counts {
		l := enginetest.New(engine.Config{}, echo{})
		openWebSockets(l, n)
		loops, driven = append(loops, l.Loop), append(driven, l)
	}
	began := time.Now()
	done := make(chan error, 1)
	go func() {
		done <- engine.Farewell(t.Context(), over, func(c *engine.Conn) {
			said = append(said, time.Since(began))
			c.Close(4200, "bye")
		}, loops...)
	}()
	turn := time.NewTicker(time.Millisecond)
	defer turn.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return said
		case <-turn.C:
			for _, l := range driven {
				l.Settle()
			}
		}
	}
}

// Everybody is told once, within the time, and never many at once.
func TestFarewellIsSpreadOverTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const over = 20 * time.Second
		said := farewell(t, over, 9000, 3000)
		if len(said) != 12000 {
			t.Errorf("%d were told, want 12000", len(said))
		}
		if last := said.last(); last > over || last < over*3/4 {
			t.Errorf("the last was told after %v, want just under %v", last, over)
		}
		const even = 12000 / 20 / 10 // in 100 ms
		if most := said.most(100 * time.Millisecond); most > even*3/2 {
			t.Errorf("%d were told within 100 ms, want %d or little more", most, even)
		}
	})
}

// Few are told at LeastFarewells a second, however much time there is.
func TestFarewellOfFewIsShort(t *testing.T) {
	f := func(want time.Duration, counts ...int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			said := farewell(t, time.Hour, counts...)
			total := 0
			for _, n := range counts {
				total += n
			}
			if len(said) != total {
				t.Errorf("%v: %d were told, want %d", counts, len(said), total)
			}
			if last := said.last(); last > want+100*time.Millisecond {
				t.Errorf("%v: the last was told after %v, want %v", counts, last, want)
			}
		})
	}
	f(0)
	f(0, 0, 0)
	f(20*time.Millisecond, 1, 0)
	f(2*time.Second, 100, 100)
	f(2*time.Second, 0, 100) // half of the rate is the empty loop's
	f(time.Second, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10)
}

// A loop that was held up makes good for it little by little.
func TestFarewellDoesNotBurstAfterAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := enginetest.New(engine.Config{}, echo{})
		openWebSockets(l, 10_000)
		var said departures
		began := time.Now()
		done := make(chan error, 1)
		go func() {
			done <- engine.Farewell(t.Context(), 10*time.Second, func(c *engine.Conn) {
				said = append(said, time.Since(began))
				c.Abort(engine.CauseShutdown)
			}, l.Loop)
		}()
		<-time.After(3 * time.Second)
		turn := time.NewTicker(time.Millisecond)
		defer turn.Stop()
		for range 1000 {
			<-turn.C
			l.Settle()
		}
		const even = 10_000 / 9 / 10 // in 100 ms, of the nine seconds that are planned with
		if most := said.most(100 * time.Millisecond); most > 4*even {
			t.Errorf("%d were told within 100 ms, want at most about %d", most, 3*even)
		}
		if len(said) < 2000 {
			t.Errorf("%d were told within a second after the stall, want more than the %d of any second", len(said), 10*even)
		}
		for {
			select {
			case err := <-done:
				if err != nil || len(said) != 10_000 {
					t.Errorf("%d were told, error %v; want all 10000", len(said), err)
				}
				return
			case <-turn.C:
				l.Settle()
			}
		}
	})
}

// A loop that does not answer, or a goodbye that panics, holds up nobody.
func TestFarewellEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := enginetest.New(engine.Config{}, echo{})
		openWebSockets(l, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := engine.Farewell(ctx, time.Minute, func(*engine.Conn) { t.Error("told") }, l.Loop)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

func TestFarewellSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := enginetest.New(engine.Config{}, echo{})
		first := l.Dial()
		first.Write([]byte(upgradeRequest))
		openWebSockets(l, 9)
		told := 0
		done := make(chan error, 1)
		go func() {
			done <- engine.Farewell(t.Context(), time.Second, func(c *engine.Conn) {
				if told++; c == first.Conn() {
					panic("as asked")
				}
				c.Close(4200, "bye")
			}, l.Loop)
		}()
		turn := time.NewTicker(time.Millisecond)
		defer turn.Stop()
		for {
			select {
			case err := <-done:
				if err != nil || told != 10 || !first.Closed() {
					t.Errorf("%d were told, error %v; the one whose goodbye panicked is closed: %v", told, err, first.Closed())
				}
				return
			case <-turn.C:
				l.Settle()
			}
		}
	})
}

// Between StopListening and Shutdown everybody is served on, is told to go
// elsewhere next time, and the port is free for a successor.
func TestStopListening(t *testing.T) {
	s := start(t, engine.Config{Loops: 2, Addrs: []string{"127.0.0.1:0", "127.0.0.2:0"}}, echo{})
	open, idle := upgrade(t, s), dial(t, s)
	exchange(t, idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1)
	s.StopListening()
	s.StopListening()

	if conn, err := net.Dial("tcp", s.Addrs()[1]); err == nil {
		conn.Close()
		t.Error("newcomers are still let in")
	}
	second := start(t, engine.Config{Loops: 2, Addrs: s.Addrs()}, echo{})
	exchange(t, dial(t, second), "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1)

	if _, err := open.Write([]byte("\x81\x82\x00\x00\x00\x00hi")); err != nil {
		t.Fatal(err)
	}
	echoed := make([]byte, 4)
	if _, err := io.ReadFull(open, echoed); err != nil || string(echoed) != "\x81\x02hi" {
		t.Errorf("got %q, %v; want the message back", echoed, err)
	}
	io.WriteString(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	answer, err := io.ReadAll(idle)
	if err != nil || !strings.Contains(string(answer), "HTTP/1.1 200") || !strings.Contains(string(answer), "Connection: close") {
		t.Errorf("got %q, %v; want 200 and Connection: close", answer, err)
	}
	if err := s.Farewell(t.Context(), time.Second, func(c *engine.Conn) { c.Close(4200, "bye") }); err != nil {
		t.Error(err)
	}
	if got, _ := io.ReadAll(open); string(got) != "\x88\x05\x10\x68bye" {
		t.Errorf("got %q, want a close frame 4200", got)
	}
	open.Close()
}

// What did not end in time is counted.
func TestShutdownTellsHowManyWereCut(t *testing.T) {
	s := start(t, engine.Config{CloseTimeout: time.Minute}, echo{})
	upgrade(t, s)
	upgrade(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := s.Shutdown(ctx, func(c *engine.Conn) { c.Close(4200, "bye") })
	if cut, ok := errors.AsType[engine.CutError](err); !ok || cut != 2 {
		t.Errorf("got %v, want that 2 were cut", err)
	}
}
