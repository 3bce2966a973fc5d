//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// recommended is a proxy's configuration as docs/proxies.md recommends it, with the addresses and files of the test: pairs of what
// stands there and what is to stand there.
func recommended(t *testing.T, name string, pairs ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../deploy/proxy", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(b), pairs[i]) {
			t.Fatalf("%s has no %q", name, pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(string(b))
}

// nginxMain is what stands around a site, in the folder of the test, and a port that tells of clients in a PROXY header of
// version 1.
const nginxMain = `
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
user root; # of the folder, where the test runs as root
pid nginx.pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path temp;
	proxy_temp_path temp;
	fastcgi_temp_path temp;
	scgi_temp_path temp;
	uwsgi_temp_path temp;
%s
}
stream {
	server {
		listen %s;
		proxy_pass %s;
		proxy_protocol on;
	}
}
`

// startNginx puts Debian's nginx in front of a server: a plain port and a TLS port that tell of the client in header fields, and
// one that does in a PROXY header.
//
// nginx can't choose a free port. So the test listens, and nginx inherits the sockets in the way that it hands its own over when
// it is upgraded: the variable NGINX lists the descriptors. Who connects early just waits.
func startNginx(t *testing.T, s *server) (plain, secure, stream string) {
	t.Helper()
	plain, secure, stream, _ = startNginxProcess(t, s)
	return plain, secure, stream
}

func startNginxProcess(t *testing.T, s *server) (plain, secure, stream string, reload func() error) {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	cmd := exec.Command("/usr/sbin/nginx", "-p", dir, "-c", conf, "-e", "stderr")
	plain, secure, stream = inherited(t, cmd), inherited(t, cmd), inherited(t, cmd)
	site := recommended(t, "nginx.conf", "listen 80;", "listen "+plain+";", "listen 443 ssl;", "listen "+secure+" ssl;",
		"127.0.0.1:6001", s.addr, "/etc/ssl/private/ws.example.com.pem", certificate(t))
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxMain, site, stream, s.addr), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "NGINX=3;4;5;")
	process.Launch(t, cmd, nil)
	return plain, secure, stream, func() error { return cmd.Process.Signal(syscall.SIGHUP) }
}

// TestQuietBehindNginx: a page on which nothing happens stays connected behind a proxy that cuts silent connections after 60 s,
// because the server's activity_timeout has it ping every 30 s.
func TestQuietBehindNginx(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	proxy, _, _ := startNginx(t, s)
	alice := connectPusher(t, startNode(t, "client"), "alice", proxy, app)
	alice.subscribe(t, "private-orders", "created")
	alice.expect(t, "state", seen{State: "connected"})

	alice.staysQuiet(t, 90*time.Second)

	broadcast(t, s, "private-orders", "created")
	alice.expect(t, "event", seen{Channel: "private-orders", Event: "created", Data: orderJSON})
}
