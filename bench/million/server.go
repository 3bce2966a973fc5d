//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"fanfare/bench/serving"
)

// The app that is served.
const (
	appID     = "million"
	appKey    = "million-key"
	appSecret = "million-secret"
)

// server is a running fanfare serve.
type server struct{ *serving.Server }

func startServer(ctx context.Context, dir string, t trial) (*server, error) {
	config := filepath.Join(dir, "fanfare.toml")
	if err := os.WriteFile(config, []byte(t.config()), 0o600); err != nil {
		return nil, err
	}
	p := serving.Fanfare(filepath.Join(dir, "fanfare"), "--config", config)
	p.Log, p.Patience = filepath.Join(dir, "server.log"), time.Minute // the guest is slow
	s, err := p.Serve(ctx)
	if err != nil {
		return nil, err
	}
	return &server{s}, nil
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

func (s *server) url() string { return "ws://" + s.Addr.String() + "/app/" + appKey }

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
