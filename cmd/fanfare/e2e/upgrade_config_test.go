//go:build e2e

package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"fanfare/cmd/fanfare/e2e/process"
)

// configured is a server all of whose settings are in a file.
type configured struct {
	*server

	file string
}

// configuredToml has what may change at an upgrade after what must not, and apps at the end.
const configuredToml = `
[server]
host = "127.0.0.1"
port = 0
%s

[metrics]
port = 0

[[apps]]
id = "app-id"
key = "app-key"
secret = "app-secret"
client_events = true

[apps.limit]
client_event_data = "1KiB"
`

const (
	goneToml   = "[[apps]]\nid = \"gone\"\nkey = \"gone\"\nsecret = \"gone\"\n"
	secondToml = "[[apps]]\nid = \"second\"\nkey = \"second\"\nsecret = \"second\"\n"
)

func serveFile(t *testing.T, text string) *configured {
	t.Helper()
	c := &configured{file: filepath.Join(t.TempDir(), "fanfare.toml")}
	c.write(t, text)
	s := process.Serve(t, process.Fanfare(t, "serve", "--config", c.file))
	c.server = &server{Server: s, addr: s.Addr, metrics: s.Metrics}
	return c
}

// write replaces the file at once, as an editor does.
func (c *configured) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(c.file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(c.file+".new", c.file); err != nil {
		t.Fatal(err)
	}
}

// status is what `fanfare status --json` says.
func (c *configured) status(t *testing.T) (s struct {
	Loops     int
	LogLevel  string `json:"log_level"`
	Addresses []string
},
) {
	t.Helper()
	cmd := process.Fanfare(t, "status", "--json", "--port", c.addr[strings.LastIndex(c.addr, ":")+1:])
	if err := json.Unmarshal(must(cmd.Output())(t), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// visits opens sessions of an app, so many that every loop gets some.
func (c *configured) visits(t *testing.T, key string) {
	t.Helper()
	for range 8 {
		visit(t, "ws://"+c.addr+"/app/"+key+"?protocol=7", nil).CloseNow()
	}
}

// TestUpgradeConfiguration: a new process has what has changed in the file: apps, limits, the level of the log, more loops and
// fewer. The ports stay, also where the system has chosen them.
func TestUpgradeConfiguration(t *testing.T) {
	t.Parallel()
	c := serveFile(t, fmt.Sprintf(configuredToml, "loops = 3")+goneToml)
	app := startApplication(t, c.server)
	alice := connectPusher(t, startNode(t, "client"), "alice", c.addr, app)
	bob := connectPusher(t, startNode(t, "client"), "bob", c.addr, app)
	for _, v := range []*client{alice, bob} {
		v.subscribe(t, "private-desk", "client-note")
		v.expect(t, "state", seen{State: "connected"})
	}
	note := func(n int) {
		t.Helper()
		alice.trigger(t, "private-desk", "client-note", large(n))
		bob.expect(t, "event", seen{Channel: "private-desk", Event: "client-note", Data: rawJSON(`"` + large(n) + `"`)})
	}
	left := visit(t, "ws://"+c.addr+"/app/gone?protocol=7", nil)
	note(1000)

	changed := strings.NewReplacer("1KiB", "100", `secret = "app-secret"`, `secret = "its-successor"`)
	c.write(t, changed.Replace(fmt.Sprintf(configuredToml, "loops = 1"))+secondToml+"[log]\nlevel = \"debug\"\n")
	if answer, complaint, code := c.fanfareUpgrade(t); code != 0 { // somebody is cut: his app is no more
		t.Fatalf("exit code %d, %s%s", code, answer, complaint)
	}
	until(t, "the server is handed over", func() bool { return c.PID() != c.Cmd.Process.Pid })
	if s := c.status(t); s.Loops != 1 || s.LogLevel != "debug" || s.Addresses[0] != c.addr {
		t.Errorf("the second process has %+v, want one loop, debug, and %s", s, c.addr)
	}
	_, _, err := left.Read(t.Context())
	if code := websocket.CloseStatus(err); code != 4001 && code != 4003 { // 4003 when the old process has seen the change first
		t.Errorf("the client of an app that is gone was parted from with %v", err)
	}
	c.visits(t, "second")
	note(100)
	for _, secret := range []string{appSecret, "its-successor"} { // the former one verifies on, as after a reload
		library := c.library()
		library.Secret = secret
		if err := library.Trigger("orders", "created", order); err != nil {
			t.Errorf("with the secret %q: %v", secret, err)
		}
	}
	alice.trigger(t, "private-desk", "client-note", large(1000))
	if got := alice.next(t, "error", "an event that is too large is refused"); !strings.Contains(string(got.Error), "100 bytes") {
		t.Errorf("an event of 1000 bytes is answered %s", got.Error)
	}

	c.write(t, fmt.Sprintf(configuredToml, "loops = 4"))
	c.upgrade(t)
	if s := c.status(t); s.Loops != 4 || s.LogLevel != "info" {
		t.Errorf("the third process has %+v, want four loops and info", s)
	}
	c.visits(t, appKey)
	note(1000)
	if got := c.gauge(t, "fanfare_handovers_total"); got != 2 { // metrics stay at their port
		t.Errorf("the metrics know of %v upgrades, want 2", got)
	}
	alice.staysQuiet(t, 0)
	bob.staysQuiet(t, 0)
}

// TestUpgradeRefused: what can't change in place is refused with the reason, and so is a file that can't be read; the old process
// serves on as if nothing had been, and is upgraded when the file is good again.
func TestUpgradeRefused(t *testing.T) {
	t.Parallel()
	good := fmt.Sprintf(configuredToml, "")
	c := serveFile(t, good)
	v := c.visitor(t)
	v.joins(t, "orders")
	c.visitor(t) // one more than there may be in the end
	f := func(want, text string) {
		t.Helper()
		c.write(t, text)
		c.refusesUpgrade(t, want, "--check")
		c.refusesUpgrade(t, want)
		if err := c.library().Trigger("orders", "created", order); err != nil {
			t.Fatal(err)
		}
		v.hears(t, "created")
		c.visits(t, appKey)
	}
	f(`server.port is 4711 now, and the server was started with 0`, strings.Replace(good, "port = 0", "port = 4711", 1))
	f(`server.host is "127.0.0.2" now, and the server was started with "127.0.0.1"`, strings.Replace(good, "127.0.0.1", "127.0.0.2", 1))
	f("tls.enabled is true now", good+"[tls]\nenabled = true\nport = 0\ncert = \""+certificate(t)+"\"\n")
	f("fanfare.toml:2", "[server]\nport = 0\"\n")
	f("unknown key server.prot", strings.Replace(good, "port = 0", "prot = 0", 1))
	f("webhooks", good+"[webhooks]\ndir = \""+c.file+"\"\n")
	f("connection", strings.Replace(good, "port = 0", "port = 0\nmax_connections = 1", 1))
	c.write(t, good)
	c.upgrade(t)
	v.joins(t, "more")
}

// TestUpgradeActivated: sockets that a service manager made are handed on twice, for clients in the clear and by TLS.
func TestUpgradeActivated(t *testing.T) {
	t.Parallel()
	cmd := process.Fanfare(t, "serve", "--metrics-port", "0", "--tls-enabled=true", "--tls-cert", certificate(t))
	plain, secure := inherited(t, cmd), inherited(t, cmd)
	cmd.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=http:https exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	running := process.Serve(t, cmd)
	s := &server{Server: running, addr: running.Addr, metrics: running.Metrics}
	if s.addr != plain || s.TLS != secure {
		t.Fatalf("served are %s and %s, want the sockets on %s and %s", s.addr, s.TLS, plain, secure)
	}
	config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // it is not the certificate that is tried
	all := []*visitor{s.visitor(t), visit(t, "wss://"+secure+"/app/"+appKey+"?protocol=7", config)}
	for round := range 3 {
		for _, v := range all {
			v.joins(t, fmt.Sprint("round-", round))
		}
		if round < 2 {
			s.upgrade(t)
			all = append(all, s.visitor(t), visit(t, "wss://"+secure+"/app/"+appKey+"?protocol=7", config))
		}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	for _, url := range []string{"http://" + plain, "https://" + secure} {
		res, err := client.Get(url + "/up")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	client.CloseIdleConnections()
}
