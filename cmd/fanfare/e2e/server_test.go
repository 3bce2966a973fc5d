//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/pusher/pusher-http-go/v5"

	"fanfare/cmd/fanfare/e2e/process"
)

// Credentials of the application that `fanfare serve` has when nobody configured any.
const (
	appID     = "app-id"
	appKey    = "app-key"
	appSecret = "app-secret"
)

// server is a running `fanfare serve` with its default settings, on free ports of the loopback interface.
type server struct {
	*process.Server

	addr    string // host:port of the WebSocket and HTTP side
	metrics string // host:port of the metrics
}

// serve starts a server and waits until it listens. At the end of the test it is stopped, and must exit with code 0.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	args := append([]string{"serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"}, flags...)
	s := process.Serve(t, process.Fanfare(t, args...))
	return &server{Server: s, addr: s.Addr, metrics: s.Metrics}
}

// masterKey encrypts the events of private-encrypted channels: 32 bytes, known to the application alone.
const masterKey = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="

// library is the Pusher server library for Go, pointed at the server.
func (s *server) library() *pusher.Client {
	return &pusher.Client{
		AppID:                     appID,
		Key:                       appKey,
		Secret:                    appSecret,
		Host:                      s.addr,
		EncryptionMasterKeyBase64: masterKey,
	}
}

// until looks again and again, until what is about to happen has happened.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for limit := time.Now().Add(patience); !happened(); <-look.C {
		if time.Now().After(limit) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
