//go:build e2e

package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// deskToml lets people write faster than ten letters a second.
const deskToml = `
[[apps]]
id = "app-id"
key = "app-key"
secret = "app-secret"
client_events = true

[apps.limit]
client_events_per_second = 100
`

// openDesk opens the page on which one types for the other, with one of the two libraries.
func openDesk(t *testing.T, browser *node, app *application, name, library string) *tab {
	t.Helper()
	page := app.URL + "/typing?" + url.Values{"user": {name}, "with": {library}}.Encode()
	browser.call(t, "open", args{"tab": name, "url": page}, nil)
	return &tab{browser: browser, name: name}
}

// TestUpgradeBrowser: two people in Chromium, one with pusher-js and one with Echo, type for each other without a pause while one
// process after the other takes over: no state changes, no WebSocket closes, each letter comes once and in order, and nobody comes
// or leaves.
func TestUpgradeBrowser(t *testing.T) {
	t.Parallel()
	s := serveConfigured(t, deskToml)
	app := startApplication(t, s)
	browser := startNode(t, "browser")
	browser.call(t, "launch", args{"executable": chromium}, nil)
	alice := openDesk(t, browser, app, "alice", "pusher-js")
	alice.shows(t, "#members li", "Alice")
	bob := openDesk(t, browser, app, "bob", "Laravel Echo")
	both := map[*tab]string{
		alice: "Whoever writes a letter by hand does not look up when the lamp is changed. ",
		bob:   "And whoever reads along sees no blot, no gap and no word that is there twice. ",
	}
	for p := range both {
		p.shows(t, "#members li", "Alice", "Bob")
	}
	typed := map[*tab]func(any){}
	for p, text := range both {
		typed[p] = browser.begin(t, "keepTyping", args{"tab": p.name, "selector": "#text", "text": text, "delay": 60})
	}
	for range 3 {
		for p := range both {
			p.hears(t, 12)
		}
		got := s.upgrade(t)
		words := map[string]string{"words": fmt.Sprintf("process %d gave its place to %d", got.FromPID, got.ToPID)}
		if err := s.library().Trigger("presence-desk", "upgraded", words); err != nil {
			t.Fatal(err)
		}
	}
	for p := range both {
		p.hears(t, 12)
	}
	for p := range both {
		browser.call(t, "stopTyping", args{"tab": p.name}, nil)
	}
	wrote := map[*tab]string{}
	for p, result := range typed {
		var text string
		result(&text)
		wrote[p] = text
	}
	alice.hasHeard(t, wrote[bob], "connecting", "connected", "joined the desk", "Bob came")
	bob.hasHeard(t, wrote[alice], "connecting", "connected", "joined the desk")
	for p := range both {
		p.keepPicture(t, p.name+"-through-three-upgrades.png")
		p.sawNoError(t)
	}
}

// hears waits until so many letters more have come.
func (p *tab) hears(t *testing.T, more int) {
	t.Helper()
	p.browser.call(t, "grow", args{"tab": p.name, "selector": "#heard", "by": more, "timeout": (patience / 2).Milliseconds()}, nil)
}

// hasHeard wants a text, letter by letter, and this story of the connection.
func (p *tab) hasHeard(t *testing.T, text string, story ...string) {
	t.Helper()
	p.shows(t, "#count", fmt.Sprint(len(text)))
	p.shows(t, "#heard", strings.TrimSpace(text))
	p.shows(t, "#amiss", "0")
	p.shows(t, "#log li", story...)
	p.shows(t, "#members li", "Alice", "Bob")
	p.shows(t, "#status", "connected")
}
