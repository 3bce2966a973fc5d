//go:build e2e

package image

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Nothing is in the image that nobody has thought of.
func TestFiles(t *testing.T) {
	img := buildAsRoot(t)
	want := []string{
		"drwxr-xr-x 0:0 /etc",
		"drwxr-xr-x 0:0 /etc/fanfare",
		"drwxr-xr-x 0:0 /etc/ssl",
		"drwxr-xr-x 0:0 /etc/ssl/certs",
		"-rw-r--r-- 0:0 /etc/ssl/certs/ca-certificates.crt",
		"drwxr-xr-x 0:0 /run",
		"drwxr-xr-x 65532:65532 /run/fanfare",
		"drwxr-xr-x 0:0 /usr",
		"drwxr-xr-x 0:0 /usr/local",
		"drwxr-xr-x 0:0 /usr/local/bin",
		"-rwxr-xr-x 0:0 /usr/local/bin/fanfare",
		"drwxr-xr-x 0:0 /var",
		"drwxr-xr-x 0:0 /var/lib",
		"drwxr-xr-x 65532:65532 /var/lib/fanfare",
	}
	if diff := cmp.Diff(want, img.files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	roots, err := os.ReadFile(filepath.Join(img.root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil || bytes.Count(roots, []byte("BEGIN CERTIFICATE")) < 50 {
		t.Errorf("%d bytes of roots, %v", len(roots), err)
	}
}

func buildAsRoot(t *testing.T) *image {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("changing the root folder takes root: run the test with sudo, or in a container or machine of its own")
	}
	return build(t, "Dockerfile")
}

const config = `
[server]
max_connections = 1000

[webhooks]
dir = "/var/lib/fanfare"

[[apps]]
id = "shop"
key = "shop"
secret = "a-secret-of-the-tests"

[[apps.webhooks]]
url = "https://127.0.0.1:%d/hook"
private_targets = true
`

// The image's command serves as process 1, on files that can't be written but for its own folders: it is healthy, passes an
// event on, sends a webhook to an https address, and ends in order when it is told to.
func TestContainer(t *testing.T) {
	img := buildAsRoot(t)
	c := img.start()
	hooks, told := c.receiver()
	img.write("etc/fanfare/ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: hooks.Certificate().Raw})))
	img.write("etc/fanfare/fanfare.toml", fmt.Sprintf(config, hooks.Listener.Addr().(*net.TCPAddr).Port))
	c.release()
	c.eventually(func() error { _, err := c.run(img.health...); return err })

	c.run("/usr/local/bin/fanfare", "version")
	tail := c.tail("orders")
	if out, err := c.run("/usr/local/bin/fanfare", "publish", "orders", "created", `{"id":7}`); err != nil {
		t.Errorf("publish: %s%v", out, err)
	}
	if got := <-tail; !strings.HasSuffix(got, `orders  created  {"id":7}`) {
		t.Errorf("tail: %s", got)
	}
	if out, err := c.run("/usr/local/bin/fanfare", "upgrade"); err == nil || !strings.Contains(out, "this is process 1 of its container, which ends with it") {
		t.Errorf("upgrade: %s%v", out, err)
	}
	select {
	case got := <-told:
		if !strings.Contains(got, `"channel_occupied"`) {
			t.Errorf("webhook: %s", got)
		}
	case <-time.After(patience):
		t.Errorf("no webhook within %v", patience)
	}
	if code := c.stop(); code != 0 {
		t.Errorf("after SIGTERM: exit code %d\n%s", code, c.log())
	}
	if out := c.log(); strings.Contains(out, `"level":"ERROR"`) || strings.Contains(out, `"level":"WARN"`) {
		t.Errorf("log:\n%s", out)
	}
}

// Without an app it says what is missing, and does not serve one whose secret everybody knows.
func TestContainerWithoutApp(t *testing.T) {
	c := buildAsRoot(t).start()
	c.release()
	if code := c.wait(); code != 2 || !strings.Contains(c.log(), "secret that everybody knows") {
		t.Errorf("exit code %d\n%s", code, c.log())
	}
}

func (img *image) write(name, text string) {
	img.t.Helper()
	img.check(os.WriteFile(filepath.Join(img.root, name), []byte(text), 0o644))
}
