//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// nginxConf hands WebSockets through as nginx's own documentation shows it, and leaves every time-out at its default. So
// proxy_read_timeout is 60 s: nginx cuts a connection on which the server says nothing for that long.
const nginxConf = `
daemon off;
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
	server {
		listen %s;
		location / {
			proxy_pass http://%s;
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
			proxy_set_header Host $host;
		}
	}
}
`

// startNginx puts Debian's nginx in front of a server and answers with its address.
//
// nginx can't choose a free port. So the test listens on one, and nginx inherits the socket in the way that it hands its own
// over when it is upgraded: the variable NGINX lists the descriptors. Who connects early just waits.
func startNginx(t *testing.T, s *server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("cannot listen: %v", err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatalf("cannot hand a socket over: %v", err)
	}
	defer socket.Close()
	dir := t.TempDir()
	addr := listener.Addr().String()
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, addr, s.addr), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/sbin/nginx", "-p", dir, "-c", conf, "-e", "stderr")
	cmd.ExtraFiles = []*os.File{socket} // descriptor 3 over there
	cmd.Env = append(os.Environ(), "NGINX=3;")
	process.Launch(t, cmd, nil)
	return addr
}

// TestQuietBehindNginx: a page on which nothing happens stays connected behind a proxy that cuts silent connections after 60 s,
// because the server's activity_timeout has it ping every 30 s.
func TestQuietBehindNginx(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	alice := connectPusher(t, startNode(t, "client"), "alice", startNginx(t, s), app)
	alice.subscribe(t, "private-orders", "created")
	alice.expect(t, "state", seen{State: "connected"})

	alice.staysQuiet(t, 90*time.Second)

	broadcast(t, s, "private-orders", "created")
	alice.expect(t, "event", seen{Channel: "private-orders", Event: "created", Data: orderJSON})
}
