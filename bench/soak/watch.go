//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/serving"
	"fanfare/bench/soak/crowd"
)

// reading is the server at one moment.
type reading struct {
	At          time.Duration `json:"at_ns"` // since the soak began
	Generation  int           `json:"generation"`
	Resident    int64         `json:"resident_bytes"`
	Heap        int64         `json:"heap_bytes"`     // in use, garbage included
	Outbound    int64         `json:"outbound_bytes"` // that wait for slow clients
	Descriptors int           `json:"descriptors"`
	Goroutines  int           `json:"goroutines"`
	Sessions    int           `json:"sessions"`
	Channels    int           `json:"channels"`
	CPU         time.Duration `json:"cpu_ns"`

	started                                float64 // when the process did, by its own words
	dropped, closed4100, panics, hookDrops float64 // since then
	queued                                 float64 // webhooks
}

// web asks the server for its metrics.
var web = http.Client{Timeout: 5 * time.Second}

// read asks everything.
func read(ctx context.Context, s *serving.Server) (r reading, err error) {
	process := loadgen.Process(s.ID())
	if r.Resident, err = process.Resident(); err != nil {
		return r, err
	}
	if r.CPU, err = process.CPU(); err != nil {
		return r, err
	}
	open, err := os.ReadDir("/proc/" + strconv.Itoa(s.ID()) + "/fd")
	if err != nil {
		return r, err
	}
	m, err := scrape(ctx, "http://127.0.0.1:"+strconv.Itoa(int(s.Metrics.Port()))+"/metrics")
	if err != nil {
		return r, err
	}
	r.Descriptors = len(open)
	r.Heap = int64(m["go_memstats_heap_inuse_bytes"])
	r.Outbound = int64(m["fanfare_outbound_queue_bytes"])
	r.Goroutines = int(m["go_goroutines"])
	r.Sessions = int(m["fanfare_pusher_sessions"])
	r.Channels = int(m["fanfare_channels"])
	r.started = m["process_start_time_seconds"]
	r.dropped = m["fanfare_slow_dropped_frames_total"]
	r.closed4100 = m["fanfare_slow_closed_total"]
	r.panics = m["fanfare_panics_total"]
	r.hookDrops = m["fanfare_webhook_dropped_total"]
	r.queued = m["fanfare_webhook_queued_events"] + m["fanfare_webhook_lingering"]
	return r, nil
}

// scrape reads metrics. Series of one name are summed up.
func scrape(ctx context.Context, url string) (map[string]float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := web.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, answer.Status)
	}
	return samples(text), err
}

func samples(text []byte) map[string]float64 {
	all := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		series, value, found := strings.Cut(lines.Text(), " ")
		if !found || strings.HasPrefix(series, "#") {
			continue
		}
		name, _, _ := strings.Cut(series, "{")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] += v
		}
	}
	return all
}

// watch keeps the readings of the server.
type watch struct {
	house *house
	zero  time.Duration // the soak's beginning, on the machine's clock

	mu   sync.Mutex // guards all below
	list []reading
	ends map[int]reading // the latest of each generation
}

// look takes a reading; it is false when there is no server, or none that answers.
func (w *watch) look(ctx context.Context) (reading, bool) {
	r, ok := w.count(ctx)
	if ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.list = append(w.list, r)
	}
	return r, ok
}

// count is look for who wants but the server's counters, before they go with it.
func (w *watch) count(ctx context.Context) (reading, bool) {
	s, generation := w.house.now()
	if s == nil {
		return reading{}, false
	}
	r, err := read(ctx, s)
	if err != nil {
		return r, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if former, any := w.ends[generation]; any && former.started != r.started {
		return r, false // its successor has answered
	}
	r.At, r.Generation = crowd.Now()-w.zero, generation
	w.ends[generation] = r
	return r, true
}

// begin has the time begin now.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.zero, w.list = crowd.Now(), nil
}

// run looks until ctx ends.
func (w *watch) run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.look(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// total is a counter over all generations.
func (w *watch) total(of func(*reading) float64) (sum float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.ends {
		sum += of(&r)
	}
	return sum
}

// readings are those within a time.
func (w *watch) readings(from, to time.Duration) (list []reading) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.list {
		if r.At >= from && r.At <= to {
			list = append(list, r)
		}
	}
	return list
}
