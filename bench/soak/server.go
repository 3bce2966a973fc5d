//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"fanfare/bench/serving"
)

// house is where the server lives, through all its generations, which are its
// processes: each that was started, and each that has taken another's place.
type house struct {
	dir  string
	host string // that it listens on
	// The same for all generations.
	port, tlsPort int

	mu         sync.Mutex
	server     *serving.Server // nil while there is none; guarded by mu
	generation int             // guarded by mu
	ending     bool            // guarded by mu
	handing    bool            // guarded by mu: another process takes the server's place
	upgrades   []upgrade       // guarded by mu
}

// start starts the next generation, on the port of the former one.
func (h *house) start(ctx context.Context) error {
	h.mu.Lock()
	h.generation++
	n := h.generation
	h.mu.Unlock()
	p := serving.Program{
		Args: []string{
			filepath.Join(h.dir, "fanfare"), "serve", "--config", filepath.Join(h.dir, "fanfare.toml"),
			"--host", h.host, "--port", strconv.Itoa(h.port), "--metrics-port", "0",
		},
		Log: filepath.Join(h.dir, fmt.Sprintf("server-%d.log", n)), Patience: patience,
	}
	s, err := p.Serve(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server, h.ending = s, false
	return nil
}

// now is the server of this moment, and its generation; nil while there is none.
func (h *house) now() (*serving.Server, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ending {
		return nil, h.generation
	}
	return h.server, h.generation
}

// stop ends the server in order.
func (h *house) stop() error {
	h.mu.Lock()
	s := h.server
	h.ending = true
	h.mu.Unlock()
	if s == nil {
		return nil
	}
	err := s.Stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server = nil
	return err
}

// died tells whether the server has ended by itself.
func (h *house) died() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server == nil || h.ending || h.handing || !h.server.Finished() {
		return nil
	}
	return h.server.Because(errors.New("the server has ended by itself"))
}

func (h *house) base() string { return "http://127.0.0.1:" + strconv.Itoa(h.port) }

// complaints are the lines of all generations' logs that are errors, and how
// often they tell of the file that the soak has broken, which is none.
func (h *house) complaints() (list []string, mistakes int, err error) {
	logs, err := filepath.Glob(filepath.Join(h.dir, "server-*.log"))
	for _, file := range logs {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, 0, err
		}
		for line := range bytes.Lines(b) {
			var entry struct{ Level, Msg string }
			broken := json.Unmarshal(line, &entry) != nil
			switch {
			case bytes.Contains(line, []byte(mistake)):
				mistakes++
			case broken || entry.Level == "ERROR":
				list = append(list, fmt.Sprintf("%s: %.300s", filepath.Base(file), bytes.TrimSpace(line)))
			}
		}
	}
	return list, mistakes, err
}

// freePorts takes some that nobody listens on.
func freePorts(into ...*int) error {
	for _, port := range into {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer func() { _ = l.Close() }() // it had no connections
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return nil
}

const patience = 30 * time.Second
