//go:build e2e

package e2e

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"fanfare/cmd/fanfare/e2e/process"
)

// laravel is the application in laravel/, run by Debian's Laravel on PHP's own web server, and a browser to look at it.
// What application plays in Go is real here: sessions, CSRF, Broadcast::routes(), events, notifications. Pusher's PHP library
// is the one part that is in no Debian package: laravel/pusher/ stands in for it.
type laravel struct {
	*process.Process

	url     string
	browser *node
}

// startLaravel starts an application for the server s.
func startLaravel(t *testing.T, s *server) *laravel {
	t.Helper()
	cmd := exec.Command("php", "-S", "127.0.0.1:0", "-t", ".", "laravel/public/index.php")
	cmd.Env = append(os.Environ(), laravelEnv(t, s)...)
	listening := make(chan string, 1)
	l := &laravel{Process: process.Launch(t, cmd, func(line string) {
		if found := phpListens.FindStringSubmatch(line); found != nil {
			listening <- found[1]
		}
	})}
	l.Quit = func() error { return cmd.Process.Signal(syscall.SIGINT) } // PHP's server ends well on this one only
	select {
	case l.url = <-listening:
	case <-l.Done:
		t.Fatal("php ended before it listened")
	case <-time.After(patience):
		t.Fatalf("php did not say within %v where it listens", patience)
	}
	l.browser = startNode(t, "browser")
	l.browser.call(t, "launch", args{"executable": chromium}, nil)
	return l
}

// phpListens is the line in which PHP's server, once and before all others, tells the port that it was given.
var phpListens = regexp.MustCompile(`Development Server \((http://127\.0\.0\.1:\d+)\) started`)

// laravelEnv is the application's configuration, as a team has it in its .env file, and folders for what it writes.
func laravelEnv(t *testing.T, s *server) []string {
	t.Helper()
	storage := t.TempDir()
	for _, dir := range []string{"sessions", "views"} {
		if err := os.MkdirAll(filepath.Join(storage, "framework", dir), 0o700); err != nil {
			t.Fatalf("cannot make a folder for Laravel: %v", err)
		}
	}
	address, err := url.Parse("http://" + s.addr)
	if err != nil {
		t.Fatalf("the server listens on %q, which is no host:port: %v", s.addr, err)
	}
	return []string{
		"APP_KEY=base64:QW4gYXBwbGljYXRpb24ga2V5IGZvciB0aGUgdGVzdHM=",
		"APP_STORAGE=" + storage,
		"APP_PACKAGES_CACHE=" + filepath.Join(storage, "packages.php"),
		"APP_SERVICES_CACHE=" + filepath.Join(storage, "services.php"),
		"PUSHER_APP_ID=" + appID,
		"PUSHER_APP_KEY=" + appKey,
		"PUSHER_APP_SECRET=" + appSecret,
		"PUSHER_HOST=" + address.Hostname(),
		"PUSHER_PORT=" + address.Port(),
		"PUSHER_ENCRYPTION_MASTER_KEY=" + masterKey,
	}
}

// visit signs a user in, in a new profile of the browser, and opens the page: user is one of Alice, Bob and Zoë, with ids 1 to 3.
// The tab is shut when the test ends.
func (l *laravel) visit(t *testing.T, name, user string) *tab {
	t.Helper()
	l.browser.call(t, "open", args{"tab": name, "url": l.url + "/as/" + url.PathEscape(user)}, nil)
	return l.entered(t, name)
}

// visitBeside opens the page once more for whom another tab belongs to: same profile, same session.
func (l *laravel) visitBeside(t *testing.T, other *tab, name string) *tab {
	t.Helper()
	l.browser.call(t, "open", args{"tab": name, "url": l.url + "/", "beside": other.name}, nil)
	return l.entered(t, name)
}

// entered waits until the page has subscribed its channels.
func (l *laravel) entered(t *testing.T, name string) *tab {
	t.Helper()
	p := &tab{browser: l.browser, name: name}
	t.Cleanup(func() { p.shut(t) })
	p.shows(t, "#status", "connected")
	for _, door := range []string{"#inbox", "#vault"} {
		p.shows(t, door, "open")
	}
	return p
}

// says types a text and sends it: to the others from #text itself, elsewhere by one of the page's buttons.
func (p *tab) says(t *testing.T, text, selector string) {
	t.Helper()
	p.types(t, text)
	p.enters(t, selector)
}

// sawError waits for what the browser has to say about something that was meant to fail: one error, which holds these words.
func (p *tab) sawError(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-p.browser.feed(p.name, "error"):
		if !strings.Contains(string(got.Error), want) {
			t.Errorf("the page of %s reported %s, want an error that holds %q", p.name, got.Error, want)
		}
	case <-time.After(patience):
		t.Errorf("the page of %s reported no error within %v, want one that holds %q", p.name, patience, want)
	}
}

// shut closes the tab, if it is still open.
func (p *tab) shut(t *testing.T) {
	t.Helper()
	p.browser.call(t, "shut", args{"tab": p.name}, nil)
}
