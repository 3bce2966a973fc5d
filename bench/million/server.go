//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// The app that is served.
const (
	appID     = "million"
	appKey    = "million-key"
	appSecret = "million-secret"
)

// startTime bounds how long the server may take until it answers, and stopTime
// until it is gone.
const (
	startTime = time.Minute
	stopTime  = time.Minute
)

// server is a running fanfare serve.
type server struct {
	child
	addr, metrics string // host:port
}

func startServer(ctx context.Context, dir string, t trial) (*server, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "fanfare.toml")
	if err := os.WriteFile(config, []byte(t.config()), 0o600); err != nil {
		return nil, err
	}
	s := &server{addr: "127.0.0.1:" + ports[0], metrics: "127.0.0.1:" + ports[1]}
	s.cmd = exec.Command(filepath.Join(dir, "fanfare"), "serve", "--config", config,
		"--host", "127.0.0.1", "--port", ports[0], "--metrics-port", ports[1])
	if err := s.start(filepath.Join(dir, "server.log")); err != nil {
		return nil, err
	}
	if err := s.waitServing(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// config takes the hosted service's limits, whose activity_timeout is 120.
func (t trial) config() string {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
	return `# Written by bench/million.
[server]
pong_timeout = ` + seconds(t.Pong) + `

[[apps]]
id = "` + appID + `"
key = "` + appKey + `"
secret = "` + appSecret + `"
limits = "pusher"
activity_timeout = ` + seconds(t.Activity) + "\n"
}

func (s *server) url() string { return "ws://" + s.addr + "/app/" + appKey }

func (s *server) waitServing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for {
		_, err := get(ctx, "http://"+s.addr+"/ready")
		if err == nil {
			return nil
		}
		select {
		case <-retry.C:
		case <-s.ended:
			return s.because(errors.New("it does not serve"))
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		}
	}
}

// readMetrics asks the server what it has counted.
func (r *reading) readMetrics(ctx context.Context, addr string) error {
	text, err := get(ctx, "http://"+addr+"/metrics")
	if err != nil {
		return err
	}
	r.Sessions = sample(text, "fanfare_pusher_sessions")
	r.Subscriptions = sample(text, "fanfare_subscriptions")
	r.Pings = sample(text, "fanfare_pusher_pings_sent_total")
	r.TimedOut = sample(text, `fanfare_pusher_closed_total{code="4201"}`)
	r.Sent = sample(text, "fanfare_app_messages_sent_total")
	return nil
}

// web waits longer than anybody else would: the server shares a slow core with
// a million clients.
var web = http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := web.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	b, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return b, err
}
