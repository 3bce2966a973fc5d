//go:build e2e

package e2e

import (
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pusher/pusher-http-go/v5"

	"fanfare/engine/tlsconn/certs/certstest"
)

// TestTLSClients: pusher-js and Laravel Echo by wss, on every kind of channel, and the publishing libraries by https.
func TestTLSClients(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	app := s.application(t)
	scripts := s.node(t, "client")
	alice := connectPusherWith(t, scripts, "alice", s.options(t), app)
	bob := connectEchoWith(t, s.node(t, "echo"), "bob", s.options(t), app)
	channels := []string{"orders", "private-orders", "presence-orders", "private-encrypted-orders"}
	for _, channel := range channels {
		alice.subscribe(t, channel, "created", "client-typing")
	}
	for method, name := range map[string]string{"channel": "orders", "private": "orders-of-bob", "encryptedPrivate": "orders", "join": "room"} {
		bob.listen(t, method, name, ".created")
	}
	library, node := s.overTLS(t), s.nodeLibrary(t)
	for _, channel := range channels {
		if err := library.Trigger(channel, "created", order); err != nil {
			t.Fatalf("the library for Go, on %s: %v", channel, err)
		}
		node.expect(t, rawJSON(`{}`), "trigger", channel, "created", order)
		created := seen{Channel: channel, Event: "created", Data: orderJSON}
		alice.expect(t, "event", created, created)
	}
	bob.expect(t, "event", seen{Channel: "room", Event: "here", Data: `[{"id":"2","name":"Bob"}]`})
	for range 4 { // both libraries, on orders and private-encrypted-orders
		bob.expect(t, "event", seen{Channel: "orders", Event: ".created", Data: orderJSON})
	}

	carol := connectPusherWith(t, scripts, "carol", s.options(t), app)
	carol.subscribe(t, "private-orders")
	carol.trigger(t, "private-orders", "client-typing", args{"at": 1})
	alice.expect(t, "event", seen{Channel: "private-orders", Event: "client-typing", Data: `{"at":1}`})
}

// nodeLibrary is the npm package pusher by https.
func (s *tlsServer) nodeLibrary(t *testing.T) *nodeLibrary {
	t.Helper()
	l := newNodeLibraryAt(t, s.node(t, "publisher"), s.secure)
	l.options["useTLS"] = true
	return l
}

// TestTLSBrowser: a page in Chromium connects by wss, with a signature for each channel.
func TestTLSBrowser(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	app := s.application(t)
	browser := startNode(t, "browser")
	browser.call(t, "launch", args{"executable": chromium, "trusted": s.keyHash(t)}, nil)
	alice := openTab(t, browser, app, "alice")
	alice.shows(t, "#status", "connected")
	alice.shows(t, "#members li", "Alice")
	if err := s.overTLS(t).Trigger("private-encrypted-vault", `App\Events\Secret`, map[string]string{"text": "Under the mat."}); err != nil {
		t.Fatal(err)
	}
	alice.shows(t, "#messages .secret", "Under the mat.")
	alice.sawNoError(t)
}

// TestTLSOnly (CON-15): an app that wants TLS sends stock pusher-js from the plain port to the other one.
func TestTLSOnly(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	knocks(t, "127.0.0.1", "ws://"+s.addr+"/app/tls", 4000)
	knocks(t, "127.0.0.1", "wss://"+s.TLS+"/app/tls", 0)

	options := stockOptions(t, "localhost"+strings.TrimPrefix(s.addr, "127.0.0.1"))
	options["wssPort"], options["cluster"] = strings.TrimPrefix(s.secure, "localhost:"), ""
	scripts := s.node(t, "client")
	alice := &client{node: scripts, name: "alice"}
	scripts.call(t, "connect", args{"client": "alice", "key": "tls", "options": options}, &alice.socketID)
	alice.subscribe(t, "orders", "created")
	library := s.overTLS(t)
	library.AppID, library.Key, library.Secret = "tls", "tls", "a-secret-of-the-tests"
	if err := library.Trigger("orders", "created", order); err != nil {
		t.Fatal(err)
	}
	alice.expect(t, "event", seen{Channel: "orders", Event: "created", Data: orderJSON})
}

// TestTLSLargeBatch: two megabytes in one request, which a client sends at once behind its handshake.
func TestTLSLargeBatch(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "")
	large := strings.Repeat("x", 200_000)
	for range 5 {
		library := s.overTLS(t) // with a connection of its own
		library.AppID, library.Key, library.Secret, library.OverrideMaxMessagePayloadKB = "tls", "tls", "a-secret-of-the-tests", 250
		batch := make([]pusher.Event, 10)
		for i := range batch {
			batch[i] = pusher.Event{Channel: "large", Name: "created", Data: large}
		}
		if _, err := library.TriggerBatch(batch); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTLSReplaced: certificates are replaced on disk, by certbot's way of links and in place. Nobody who is connected notices,
// newcomers get the new one, and those who were here before resume.
func TestTLSReplaced(t *testing.T) {
	t.Parallel()
	archive := t.TempDir()
	live := filepath.Join(archive, "live")
	link := func(n string) {
		for _, kind := range []string{".crt", ".key"} {
			if err := os.Symlink(filepath.Join(archive, n+kind), live+kind+".new"); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(live+kind+".new", live+kind); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := &tlsServer{authority: certstest.NewAuthority(t), folder: archive, roots: filepath.Join(archive, "roots.pem")}
	certstest.WriteFile(t, s.roots, certstest.ChainPEM(&tls.Certificate{Certificate: [][]byte{s.authority.Root.Raw}}))
	certstest.Write(t, archive, "1", s.authority.For(t, "localhost"))
	link("1")
	s.server = serveConfigured(t, "[tls]\nenabled = true\nport = 0\ncert = \""+live+".crt\"\nkey = \""+live+".key\"\n")
	s.secure = byName(t, s.TLS)

	app := s.application(t)
	alice := connectPusherWith(t, s.node(t, "client"), "alice", s.options(t), app)
	alice.subscribe(t, "private-orders", "created")
	alice.expect(t, "state", seen{State: "connected"})
	sessions := tls.NewLRUClientSessionCache(1)
	if _, err := s.shake(&tls.Config{ClientSessionCache: sessions}); err != nil {
		t.Fatal(err)
	}

	second := s.authority.For(t, "localhost")
	certstest.Write(t, archive, "2", second)
	link("2")
	s.awaitCertificate(t, second)
	third := s.authority.For(t, "localhost")
	certstest.Write(t, archive, "2", third) // in place
	s.awaitCertificate(t, third)

	state, err := s.shake(&tls.Config{ClientSessionCache: sessions})
	if err != nil || !state.DidResume {
		t.Errorf("a session from before: resumed %v, %v", state.DidResume, err)
	}
	alice.staysQuiet(t, time.Second)
	if err := s.overTLS(t).Trigger("private-orders", "created", order); err != nil {
		t.Fatal(err)
	}
	alice.expect(t, "event", seen{Channel: "private-orders", Event: "created", Data: orderJSON})
}

// awaitCertificate waits until newcomers get a certificate.
func (s *tlsServer) awaitCertificate(t *testing.T, want *tls.Certificate) {
	t.Helper()
	every, end := time.NewTicker(100*time.Millisecond), time.After(patience)
	defer every.Stop()
	for {
		state, err := s.shake(&tls.Config{})
		if err != nil {
			t.Fatalf("while a certificate is replaced: %v", err)
		}
		if state.PeerCertificates[0].Equal(want.Leaf) {
			return
		}
		select {
		case <-every.C:
		case <-end:
			t.Fatalf("a new certificate is not served after %v", patience)
		}
	}
}

// TestTLSBehindPROXY: a PROXY header goes before the ClientHello, and names the client.
func TestTLSBehindPROXY(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, "[server]\ntrusted_proxies = [\"127.0.0.1\"]\nconnections_per_ip = 1\nproxy_protocol = true\n")
	v1, v2, v2TLS, _, none := startHAProxy(t, &server{addr: s.TLS})
	for i, proxy := range []string{v1, v2, v2TLS} {
		from := "127.0.2." + string(rune('1'+i))
		knocks(t, from, "wss://"+proxy+"/app/tls", 0)
		knocks(t, from, "wss://"+proxy+"/app/tls", 4100)
		knocks(t, from, "wss://"+s.TLS+"/app/tls", 4100, "X-Forwarded-For", "203.0.113.66")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.authority.Roots, ServerName: "localhost"}}}
	if resp, err := client.Get("https://" + none + "/up"); err == nil {
		defer resp.Body.Close()
		t.Errorf("without a header from a trusted proxy: %s, want no handshake", resp.Status)
	}
}

// freePort is one that nobody listens on, for two settings that must agree.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// TestTLSAlone: a server whose port is that of TLS serves nothing in the clear, and says so in words that can be read.
func TestTLSAlone(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := serveTLS(t, "", "--port", port, "--tls-port", port)
	if diff := cmp.Diff(s.addr, s.TLS); diff != "" {
		t.Errorf("the first address is not that of TLS (-first +TLS):\n%s", diff)
	}
	if _, err := s.shake(&tls.Config{}); err != nil {
		t.Error(err)
	}
	resp, err := http.Get("http://" + s.addr + "/up")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP is answered with %s, want 400", resp.Status)
	}
}
