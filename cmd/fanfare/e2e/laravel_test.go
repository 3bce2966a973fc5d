//go:build e2e

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/cmd/fanfare/e2e/process"
)

// TestLaravel: a Laravel application and its people in Chromium, with Laravel Echo and pusher-js as npm has them.
func TestLaravel(t *testing.T) {
	t.Parallel()
	s := serve(t)
	app := startLaravel(t, s)
	t.Run("room", func(t *testing.T) { testLaravelRoom(t, s, app) })
	t.Run("vault", func(t *testing.T) { testLaravelVault(t, s, app) })
	t.Run("own events", func(t *testing.T) { testLaravelOwnEvents(t, app) })
}

// testLaravelRoom (LAR-01, LAR-02, LAR-04) follows three people in five tabs through a presence channel: who is there, whispers,
// what Laravel broadcasts to all and to others, and who is gone once their last tab is.
func testLaravelRoom(t *testing.T, s *server, app *laravel) {
	alice := app.visit(t, "alice", "Alice")
	alice2 := app.visitBeside(t, alice, "alice-2")
	bob := app.visit(t, "bob", "Bob")
	bob2 := app.visitBeside(t, bob, "bob-2")
	zoe := app.visit(t, "zoe", "Zoë")
	everyTab := []*tab{alice, alice2, bob, bob2, zoe}
	for _, p := range everyTab {
		p.shows(t, "#members li", "Alice", "Bob", "Zoë")
	}
	wantMembers(t, s, "presence-room", "1", "2", "3")

	alice.types(t, "Can everyone hear me?")
	for _, p := range everyTab[1:] {
		p.shows(t, "#typing", "Alice is typing …")
	}
	zoe.keepPicture(t, "zoe-while-alice-types.png")
	alice.enters(t, "#text")
	for _, p := range everyTab {
		p.shows(t, "#messages li", "Alice: Can everyone hear me?")
	}
	zoe.says(t, "Loud and clear.", "#text")
	bob2.shows(t, "#messages li", "Alice: Can everyone hear me?", "Zoë: Loud and clear.")
	bob.says(t, "The doors are open.", "#announce")

	// Had a tab got its own message or whisper back, or another's twice, it would show that here.
	for _, p := range everyTab {
		p.shows(t, "#messages li", "Alice: Can everyone hear me?", "Zoë: Loud and clear.", "The doors are open.")
		p.shows(t, "#typing", "")
		p.keepPicture(t, p.name+".png")
		p.sawNoError(t)
	}

	zoe.enters(t, "#backstage")
	zoe.shows(t, "#stage-door", "open")
	bob.enters(t, "#backstage")
	bob.shows(t, "#stage-door", "refused with 403")
	bob.sawError(t, "403")

	for _, p := range []*tab{alice2, bob2, zoe} {
		p.shut(t)
	}
	alice.shows(t, "#members li", "Alice", "Bob")
	bob.shut(t)
	alice.shows(t, "#members li", "Alice")
}

// wantMembers asks the server which user ids are on a presence channel.
func wantMembers(t *testing.T, s *server, channel string, want ...string) {
	t.Helper()
	users, err := s.library().GetChannelUsers(channel)
	if err != nil {
		t.Fatalf("cannot ask for the users of %s: %v", channel, err)
	}
	var got []string
	for _, u := range users.List {
		got = append(got, u.ID)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("user ids on %s (-want +got):\n%s", channel, diff)
	}
}

// testLaravelVault (LAR-06): what PHP seals with libsodium, pusher-js opens with tweetnacl, and the server in between can't read.
func testLaravelVault(t *testing.T, s *server, app *laravel) {
	passing := tap(t, s, "private-encrypted-vault")
	alice := app.visit(t, "alice", "Alice")
	bob := app.visit(t, "bob", "Bob")

	const secret = "The key is under the mat – Zoë's mat."
	alice.says(t, secret, "#seal")
	for _, p := range []*tab{alice, bob} {
		p.shows(t, "#messages .secret", secret)
		p.keepPicture(t, p.name+".png")
		p.sawNoError(t)
	}

	var sealed struct {
		Event string
		Data  struct{ Nonce, Ciphertext []byte }
	}
	line := passing.next(t)
	if err := json.Unmarshal([]byte(line), &sealed); err != nil {
		t.Fatalf("tail printed %s, which is no event: %v", line, err)
	}
	const overhead = 16 // Poly1305's tag
	box := len(`{"text":""}`) + len(secret) + overhead
	if sealed.Event != `App\Events\Secret` || len(sealed.Data.Nonce) != 24 || len(sealed.Data.Ciphertext) < box {
		t.Errorf("through the server went %s, want an App\\Events\\Secret with a nonce of 24 bytes and %d bytes of ciphertext or more", line, box)
	}
	if strings.Contains(line, "mat") {
		t.Errorf("through the server went %s, which holds words of the secret", line)
	}
}

// testLaravelOwnEvents (LAR-07, LAR-09): a user signs in to the server and gets what the application sends to that user, in
// every tab of theirs and in nobody else's; and so with notifications on their private channel.
func testLaravelOwnEvents(t *testing.T, app *laravel) {
	alice := app.visit(t, "alice", "Alice")
	alice2 := app.visitBeside(t, alice, "alice-2")
	bob := app.visit(t, "bob", "Bob")
	for _, p := range []*tab{alice, alice2} {
		p.shows(t, "#signed-in", "as 1")
	}
	bob.shows(t, "#signed-in", "as 2")

	bob.says(t, "Your turn!", "#nudge")
	for _, p := range []*tab{alice, alice2} {
		p.shows(t, "#messages li", "Bob nudges you: Your turn!")
	}
	bob.says(t, "Tea at five?", "#invite")
	const invitation = `App\Notifications\Invitation from Bob: Tea at five?`
	for _, p := range []*tab{alice, alice2} {
		p.shows(t, "#messages li", "Bob nudges you: Your turn!", invitation)
		p.keepPicture(t, p.name+".png")
	}

	// Had Bob got what was for Alice, he would show it before this.
	alice.says(t, "That's all.", "#announce")
	bob.shows(t, "#messages li", "That's all.")
	for _, p := range []*tab{alice, alice2, bob} {
		p.sawNoError(t)
	}
}

// wiretap hands on what `fanfare tail` prints of a channel: events as they travel.
type wiretap struct {
	*process.Process

	events chan string
}

// tap waits until tail has subscribed.
func tap(t *testing.T, s *server, channel string) *wiretap {
	t.Helper()
	w := &wiretap{events: make(chan string, maxUnread)}
	subscribed := make(chan struct{}, 1)
	cmd := process.Fanfare(t, "tail", "--json", channel, "--url", "http://"+s.addr, "--key", appKey, "--secret", appSecret)
	w.Process = process.Launch(t, cmd, func(line string) {
		switch {
		case strings.HasPrefix(line, "{"):
			w.events <- line
		case strings.HasSuffix(line, "subscribed to "+channel):
			subscribed <- struct{}{}
		}
	})
	select {
	case <-subscribed:
	case <-w.Done:
		t.Fatalf("tail ended before it had subscribed to %s", channel)
	case <-time.After(patience):
		t.Fatalf("tail did not subscribe to %s within %v", channel, patience)
	}
	return w
}

// next waits for an event.
func (w *wiretap) next(t *testing.T) string {
	t.Helper()
	select {
	case line := <-w.events:
		return line
	case <-w.Done:
		t.Fatal("tail ended before it printed an event")
	case <-time.After(patience):
		t.Fatalf("tail printed no event within %v", patience)
	}
	return ""
}
