package node

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fanfare/engine/leaktest"
)

var churnSeed = flag.Uint64("churn.seed", 0, "seed of TestChurn; 0 takes a new one")

const (
	churnConns    = 2000
	churnAtOnce   = 200
	churnRooms    = 4 // of each kind of channel
	churnUsers    = 40
	churnPatience = 30 * time.Second // before a test says what did not happen
)

// TestChurn has 2,000 connections come, subscribe, publish and vanish in all ways in which connections do, while auditors watch
// the presence channels. Afterwards nothing of them is left: not in the node while it serves, and not in the process once it
// has stopped. Under the race detector it also shows that loops, workers and publishers keep out of each other's memory.
func TestChurn(t *testing.T) {
	seed := *churnSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with -churn.seed=%d", seed)
		}
	})
	goroutines, files := append(leaktest.Idle(), goleak.IgnoreCurrent()), openFiles(t)
	m := newNode(t, nil)
	m.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &churn{node: m, seed: seed, http: &http.Client{Timeout: churnPatience, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	c.run(t)
	c.http.CloseIdleConnections()
	if err := m.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := goleak.Find(goroutines...); err != nil {
		t.Errorf("goroutines are left: %v", err)
	}
	if err := eventually(func() error { return sameFiles(files, openFiles(t)) }); err != nil {
		t.Error(err)
	}
}

// churn is one run against a node.
type churn struct {
	node *Main
	seed uint64
	http *http.Client
	next atomic.Int64 // the number of the next connection
}

func (c *churn) run(t *testing.T) {
	auditors := c.audit(t)
	var all sync.WaitGroup
	for range churnAtOnce {
		all.Go(func() {
			for n := c.next.Add(1); n <= churnConns; n = c.next.Add(1) {
				if err := c.live(uint64(n)); err != nil {
					t.Errorf("connection %d: %v", n, err)
				}
			}
		})
	}
	all.Wait()
	c.left(t, map[string]float64{"fanfare_presence_members": churnRooms, "fanfare_connections": churnRooms})
	for _, a := range auditors {
		if err := a.finish(); err != nil {
			t.Errorf("auditor of %s: %v", a.room, err)
		}
	}
	c.left(t, map[string]float64{
		"fanfare_connections": 0, "fanfare_connections_blocked": 0, "fanfare_pusher_sessions": 0,
		"fanfare_channels": 0, "fanfare_subscriptions": 0, "fanfare_presence_members": 0,
		"fanfare_outbound_queue_bytes": 0, "fanfare_mailbox_bytes": 0,
		`fanfare_app_connections{app="app-id"}`: 0, "fanfare_panics_total": 0,
	})
	if err := c.slotsAreBack(); err != nil {
		t.Error(err)
	}
}

// left waits until the node's metrics have the given values. It hangs up first, so that none of its own connections count.
func (c *churn) left(t *testing.T, want map[string]float64) {
	t.Helper()
	c.http.CloseIdleConnections()
	err := eventually(func() error {
		got, err := c.metrics()
		if err != nil {
			return err
		}
		var errs []error
		for name, n := range want {
			if v, ok := got[name]; !ok || v != n {
				errs = append(errs, fmt.Errorf("%s is %v (known: %v), want %v", name, v, ok, n))
			}
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Errorf("left over: %v", err)
	}
}

func (c *churn) metrics() (map[string]float64, error) {
	answer, err := c.http.Get("http://" + c.node.MetricsAddrs[0] + "/metrics")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var page strings.Builder
	if err := answer.Write(&page); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for line := range strings.Lines(page.String()) {
		i := strings.LastIndexByte(line, ' ')
		if v, err := strconv.ParseFloat(strings.TrimSpace(line[i+1:]), 64); err == nil && i > 0 {
			values[line[:i]] = v
		}
	}
	return values, nil
}

// slotsAreBack opens as many connections at once as there ever were. Socket ids get the lowest slots that were ever given and
// are free, before new ones: when every id has been given back they are exactly the first ones.
func (c *churn) slotsAreBack() error {
	const n = churnConns + churnRooms
	slots := make([]int, n)
	for i := range n {
		p, err := c.connect()
		if err != nil {
			return fmt.Errorf("connection %d of %d: %w", i, n, err)
		}
		defer p.Close() // all are open at once
		slot, _, _ := strings.Cut(p.id, ".")
		if slots[i], err = strconv.Atoi(slot); err != nil {
			return fmt.Errorf("socket id %q has no slot: %w", p.id, err)
		}
	}
	slices.Sort(slots)
	if slots[0] != 1 || slots[n-1] != n {
		return fmt.Errorf("%d socket ids are in use but have the slots %d to %d: others were not given back", n, slots[0], slots[n-1])
	}
	return nil
}

// eventually repeats a check until it passes. When it never does the last error is given.
func eventually(check func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(churnPatience); ; {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-timeout:
			return err
		}
	}
}

// openFiles tells what each descriptor of the process is.
func openFiles(t *testing.T) map[string]string {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range list {
		if what, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil { // the one for ReadDir is gone
			files[f.Name()] = what
		}
	}
	return files
}

// sameFiles compares the descriptors of before and after. The runtime's own poller may have come in between.
func sameFiles(before, after map[string]string) error {
	for fd, what := range after {
		if _, ok := before[fd]; !ok && what != "anon_inode:[eventpoll]" && what != "anon_inode:[eventfd]" {
			return fmt.Errorf("descriptor %s (%s) is left, of %d more than before", fd, what, len(after)-len(before))
		}
	}
	return nil
}
