//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pusher/pusher-http-go/v5"

	"fanfare/cmd/fanfare/e2e/process"
)

// proxy is one that stands in front of a server with the configuration that docs/proxies.md recommends.
type proxy struct {
	plain, secure string       // host:port; plain is empty where there is none
	reload        func() error // nil: that is not tried
}

func startDeployedHAProxy(t *testing.T, s *server) proxy {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "haproxy.cfg")
	cmd := exec.Command("/usr/sbin/haproxy", "-W", "-db", "-f", conf) // a master and its workers, as Debian's unit has it
	p := proxy{plain: inherited(t, cmd), secure: inherited(t, cmd)}
	text := recommended(t, "haproxy.cfg", "bind :80\n", "bind fd@3\n", "bind :443 ssl", "bind fd@4 ssl", "maxconn 100000", "maxconn 1000",
		"127.0.0.1:6001", s.addr, "/etc/ssl/private/ws.example.com.pem", certificate(t))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	reloading, loaded := make(chan struct{}, 8), make(chan struct{}, 8)
	haproxy := process.Launch(t, cmd, func(line string) {
		switch {
		case strings.Contains(line, "Reloading HAProxy"):
			reloading <- struct{}{}
		case strings.Contains(line, "Loading success."):
			loaded <- struct{}{}
		}
	})
	t.Cleanup(haproxy.Kill)                 // see startHAProxy
	awaitLine(t, loaded, "HAProxy to load") // until then SIGUSR2 would kill it
	p.reload = func() error {
		seen := make(chan struct{})
		go askToReload(cmd.Process, seen)
		awaitLine(t, reloading, "HAProxy to reload")
		close(seen)
		awaitLine(t, loaded, "HAProxy to load again")
		return nil
	}
	return p
}

// askToReload sends SIGUSR2 every few seconds until done: HAProxy's master loses signals that come in the first moments after it
// has said that it is loaded.
func askToReload(p *os.Process, done <-chan struct{}) {
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		_ = p.Signal(syscall.SIGUSR2) // it may have ended
		select {
		case <-tick.C:
		case <-done:
			return
		}
	}
}

func awaitLine(t *testing.T, what <-chan struct{}, name string) {
	t.Helper()
	select {
	case <-what:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, name)
	}
}

// startCaddy runs Debian's Caddy. It can't inherit a socket, so it takes ports that were free a moment ago. A name of
// the public it would get a certificate for by itself; here it is given one.
func startCaddy(t *testing.T, s *server) proxy {
	t.Helper()
	dir := t.TempDir()
	conf, admin := filepath.Join(dir, "Caddyfile"), filepath.Join(dir, "admin")
	p := proxy{plain: freeAddr(t), secure: freeAddr(t)}
	text := "{\n\tadmin unix/" + admin + "\n\tauto_https off\n\tskip_install_trust\n}\n" +
		recommended(t, "Caddyfile", "ws.example.com {", "http://"+p.plain+" {", "127.0.0.1:6001", s.addr) +
		recommended(t, "Caddyfile", "ws.example.com {", "https://"+p.secure+" {\n\ttls "+strings.Repeat(certificate(t)+" ", 2)+"\n", "127.0.0.1:6001", s.addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd := exec.Command("caddy", "run", "--config", conf, "--adapter", "caddyfile")
	cmd.Env = environment
	process.Launch(t, cmd, nil)
	p.reload = func() error {
		again := exec.Command("caddy", "reload", "--force", "--config", conf, "--adapter", "caddyfile", "--address", "unix/"+admin)
		again.Env = environment
		out, err := again.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s%w", out, err)
		}
		return nil
	}
	awaitPort(t, p.plain)
	awaitPort(t, p.secure)
	return p
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// awaitPort returns when somebody listens.
func awaitPort(t *testing.T, addr string) {
	t.Helper()
	until(t, "somebody listens on "+addr, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

var proxies = map[string]struct {
	header bool // whether it tells of clients by PROXY header
	cuts   bool // whether a reload closes connections
	start  func(t *testing.T, s *server) proxy
}{
	"nginx": {false, false, func(t *testing.T, s *server) proxy {
		t.Helper()
		plain, secure, _, reload := startNginxProcess(t, s)
		return proxy{plain, secure, reload}
	}},
	"haproxy": {true, false, startDeployedHAProxy},
	"caddy":   {false, true, startCaddy},
}

// Behind each proxy, clients have the addresses that they connect from, and come by TLS when they did to the proxy. What they
// write themselves changes nothing.
func TestCallersBehindProxies(t *testing.T) {
	for name, c := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.start(t, serveEdge(t, c.header))
			knocks(t, alice, "ws://"+p.plain+"/app/tls", 4000, "X-Forwarded-Proto", "https")
			knocks(t, alice, "wss://"+p.secure+"/app/tls", 0)
			knocks(t, alice, "ws://"+p.plain+"/app/open", 4100, "X-Forwarded-For", "203.0.113.66")
			knocks(t, bob, "ws://"+p.plain+"/app/open", 0, "X-Forwarded-For", alice)
		})
	}
}

// Through each proxy, pusher-js gets what a Pusher library publishes through it, the largest batch too. Who is connected stays so
// while the proxy reads its configuration again, or comes back by itself where the proxy closes connections for that.
func TestConversationBehindProxies(t *testing.T) {
	for name, c := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--trusted-proxies", "127.0.0.1", fmt.Sprintf("--proxy-protocol=%v", c.header)}
			started := process.Serve(t, process.Fanfare(t, args...))
			s := &server{Server: started, addr: started.Addr, metrics: started.Metrics}
			p := c.start(t, s)
			behind := &server{Server: started, addr: p.plain}
			app, scripts := startApplication(t, s), startNode(t, "client")
			alice := connectPusher(t, scripts, "alice", p.plain, app)
			alice.subscribe(t, "private-orders", "created")
			publishLargest(t, behind)

			if p.reload != nil {
				if err := p.reload(); err != nil {
					t.Fatalf("reload: %v", err)
				}
			}
			bob := connectPusher(t, scripts, "bob", p.plain, app)
			bob.subscribe(t, "private-orders", "created")
			if c.cuts {
				alice.expect(t, "state", seen{State: "connected"}, seen{State: "connecting"}, seen{State: "connected"})
			}
			awaitSubscribers(t, behind, "private-orders", 2)
			broadcast(t, behind, "private-orders", "created")
			for _, client := range []*client{alice, bob} {
				client.expect(t, "event", seen{Channel: "private-orders", Event: "created", Data: orderJSON})
			}
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

// awaitSubscribers returns when the channel has as many.
func awaitSubscribers(t *testing.T, s *server, channel string, want int) {
	t.Helper()
	info := "subscription_count"
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); ; {
		got, err := s.library().Channel(channel, pusher.ChannelParams{Info: &info})
		if err == nil && got.SubscriptionCount == want {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s has %d subscribers, %v; want %d", channel, got.SubscriptionCount, err, want)
		}
	}
}

// publishLargest publishes as much in one request as a batch may carry: ten events of 100 KiB.
func publishLargest(t *testing.T, s *server) {
	t.Helper()
	var batch []pusher.Event
	for range 10 {
		batch = append(batch, pusher.Event{Channel: "exports", Name: "part", Data: strings.Repeat("x", 100<<10)})
	}
	library := s.library()
	library.OverrideMaxMessagePayloadKB = 200
	if _, err := library.TriggerBatch(batch); err != nil {
		t.Errorf("a batch of 1 MiB: %v", err)
	}
}
