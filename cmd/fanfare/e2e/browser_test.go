//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"
)

// chromium is where Debian's package puts the browser.
const chromium = "/usr/bin/chromium"

// tab is one page in a browser, with a profile of its own.
type tab struct {
	browser *node
	name    string
}

// openTab opens the application's page as one of its users.
func openTab(t *testing.T, browser *node, app *application, name string) *tab {
	t.Helper()
	browser.call(t, "open", args{"tab": name, "url": app.URL + "/?user=" + name}, nil)
	return &tab{browser: browser, name: name}
}

// shows waits until the elements that selector finds hold exactly these texts, in this order.
func (p *tab) shows(t *testing.T, selector string, want ...string) {
	t.Helper()
	arguments := args{"tab": p.name, "selector": selector, "want": want, "timeout": (patience / 2).Milliseconds()}
	p.browser.call(t, "expect", arguments, nil)
}

// types goes to the field for what one has to say.
func (p *tab) types(t *testing.T, text string) {
	t.Helper()
	p.browser.call(t, "type", args{"tab": p.name, "selector": "#text", "text": text}, nil)
}

// enters presses the Enter key on an element: that sends the form of a field, or clicks a button.
func (p *tab) enters(t *testing.T, selector string) {
	t.Helper()
	p.browser.call(t, "press", args{"tab": p.name, "selector": selector, "key": "Enter"}, nil)
}

// keepPicture leaves a screenshot among the test's artefacts.
func (p *tab) keepPicture(t *testing.T, name string) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(t.ArtifactDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	p.browser.call(t, "screenshot", args{"tab": p.name, "path": path}, nil)
}

// sawNoError fails if the page has thrown, or the browser complained about it.
func (p *tab) sawNoError(t *testing.T) {
	t.Helper()
	select {
	case got := <-p.browser.feed(p.name, "error"):
		t.Errorf("the page of %s reported %s", p.name, got.Error)
	default:
	}
}

// TestBrowser (LAR-01, LAR-02, LAR-06) follows two people in two tabs of Chromium through the application's page: Laravel Echo on
// a presence channel and on an encrypted one, whispers, what the application broadcasts, and what it broadcasts to others only.
func TestBrowser(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startApplication(t, s)
	browser := startNode(t, "browser")
	browser.call(t, "launch", args{"executable": chromium}, nil)

	alice := openTab(t, browser, app, "alice")
	alice.shows(t, "#members li", "Alice")
	bob := openTab(t, browser, app, "bob")
	for _, p := range []*tab{alice, bob} {
		p.shows(t, "#status", "connected")
		p.shows(t, "#members li", "Alice", "Bob")
	}

	alice.types(t, "Can everyone hear me?")
	bob.shows(t, "#typing", "Alice is typing …")
	bob.keepPicture(t, "bob-while-alice-types.png")
	alice.enters(t, "#text")
	bob.shows(t, "#typing", "")
	bob.shows(t, "#messages li", "Alice: Can everyone hear me?")
	bob.types(t, "Loud and clear.")
	bob.enters(t, "#text")
	alice.shows(t, "#messages li", "Alice: Can everyone hear me?", "Bob: Loud and clear.")

	// Had a tab got its own message or whisper back, it would show them before these.
	announce(t, s, "presence-room", "Announcement", "The doors are open.")
	for _, p := range []*tab{alice, bob} {
		p.shows(t, "#messages li", "Alice: Can everyone hear me?", "Bob: Loud and clear.", "The doors are open.")
	}
	announce(t, s, "private-encrypted-vault", "Secret", "The key is under the mat.")
	for _, p := range []*tab{alice, bob} {
		p.shows(t, "#messages .secret", "The key is under the mat.")
		p.shows(t, "#typing", "")
		p.keepPicture(t, p.name+".png")
	}

	browser.call(t, "shut", args{"tab": "bob"}, nil)
	alice.shows(t, "#members li", "Alice")
	alice.sawNoError(t)
	bob.sawNoError(t)
}

// announce broadcasts a text under the name that Laravel gives an event class.
func announce(t *testing.T, s *server, channel, class, text string) {
	t.Helper()
	if err := s.library().Trigger(channel, `App\Events\`+class, map[string]string{"text": text}); err != nil {
		t.Fatalf("cannot announce %q on %s: %v", text, channel, err)
	}
}
