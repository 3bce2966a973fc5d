package main

import (
	"fmt"
	"slices"
	"time"
)

const (
	watchlistEvents = "pusher_internal:watchlist_events"
	watchlistLimit  = 100
)

// Our own server tells that a user has gone this long after it, so that who
// comes back was not away.
const (
	offlineDelay     = 3 * time.Second
	offlineAtLeast   = offlineDelay - 200*time.Millisecond
	offlineTolerance = 10 * time.Second // of a busy machine
)

// changes returns what one watchlist frame tells.
func (c *client) changes(e event) (online, offline []string) {
	c.members(e, "event", "data")
	var data struct {
		Events []struct {
			Name    string
			UserIDs []string `json:"user_ids"`
		}
	}
	c.t.decode(c.objectText(e), &data)
	for _, change := range data.Events {
		switch change.Name {
		case "online":
			online = append(online, change.UserIDs...)
		case "offline":
			offline = append(offline, change.UserIDs...)
		default:
			c.t.fatalf("%s tells of %q, want online and offline only", e, change.Name)
		}
		if len(change.UserIDs) == 0 && c.t.own() {
			c.t.fatalf("%s has an empty list, which tells nothing", e)
		}
	}
	return online, offline
}

// watched reads frames until they have told exactly these changes, in any order.
// Our own server tells them in one frame.
func (c *client) watched(online, offline []string) {
	var on, off []string
	for first := true; first || len(on)+len(off) < len(online)+len(offline); first = false {
		if !first && c.t.own() {
			c.t.fatalf("a frame told online %v and offline %v, want %v and %v", on, off, online, offline)
		}
		more, less := c.changes(c.expect(watchlistEvents, ""))
		on, off = append(on, more...), append(off, less...)
	}
	if !slices.Equal(sorted(on), sorted(online)) || !slices.Equal(sorted(off), sorted(offline)) {
		c.t.fatalf("told online %v and offline %v, want %v and %v", on, off, online, offline)
	}
}

// signedIn connects and signs in as a user who watches these.
func (t *T) signedIn(user string, watchlist ...string) *client {
	c := t.connect(mainApp)
	c.signIn(userData(user, watchlist...))
	return c
}

// goes disconnects and waits until the server has noticed. Of the channels that
// c was on, some may still be about to be left.
func (c *client) goes() {
	trace := c.t.name("trace-")
	c.ask(trace, "", "")
	c.untilOn(trace, "pusher_internal:subscription_succeeded")
	c.t.check(c.conn.Close(), "disconnect")
	c.t.eventually("the connection is gone", func() bool { return c.t.count(c.app, trace) == 0 })
}

func wat01(t *T) {
	here, away, also := t.name("here-"), t.name("away-"), t.name("also-")
	t.signedIn(here)
	t.signedIn(also)
	watcher := t.signedIn(t.name("watcher-"), here, away, also)
	watcher.watched([]string{here, also}, []string{away})
	watcher.hearsNothing()

	none := t.signedIn(t.name("watcher-"), here) // empty lists are left out
	none.watched([]string{here}, nil)
	self := t.name("self-")
	t.signedIn(self, self).watched([]string{self}, nil)
	t.signedIn(t.name("watcher-")).hearsNothing() // without a list there is nothing to tell
	stranger := t.connect(otherApp)
	stranger.signIn(userData(t.name("watcher-"), here)) // who is nobody in that app
	stranger.watched(nil, []string{here})
}

func wat02(t *T) {
	user, reloader := t.name("user-"), t.name("reloader-")
	first := t.signedIn(t.name("watcher-"), user, reloader)
	second := t.signedIn(t.name("watcher-"), user)
	first.watched(nil, []string{user, reloader})
	second.watched(nil, []string{user})
	unrelated := t.signedIn(t.name("watcher-"), t.name("another-"))
	unrelated.next()

	page := t.signedIn(reloader)
	first.watched([]string{reloader}, nil)
	c := t.signedIn(user)
	first.watched([]string{user}, nil)
	second.watched([]string{user}, nil)

	if t.own() { // who reloads a page was not away
		page.goes()
		t.signedIn(reloader)
	}
	start := time.Now()
	c.goes()
	first.watched(nil, []string{user})
	second.watched(nil, []string{user})
	t.took(start, offlineAtLeast, offlineTolerance)
	t.signedIn(user)
	first.watched([]string{user}, nil)
	for _, c := range []*client{first, unrelated} {
		c.hearsNothing()
	}
}

// took proves that our own server needed so long since start.
func (t *T) took(start time.Time, atLeast, atMost time.Duration) {
	if d := time.Since(start); t.own() && (d < atLeast || d > atMost) {
		t.fatalf("it took %v, want %v to %v", d, atLeast, atMost)
	}
}

func wat03(t *T) {
	user, last := t.name("user-"), t.name("last-")
	watcher := t.signedIn(t.name("watcher-"), user, last)
	watcher.watched(nil, []string{user, last})
	t.signedIn(user)
	watcher.watched([]string{user}, nil)
	second, third := t.signedIn(user), t.signedIn(user)
	watcher.hearsNothing()
	second.goes()
	third.goes()
	// Somebody who comes and goes after that is told of. By then the departure of
	// the second and third would have been.
	c := t.signedIn(last)
	watcher.watched([]string{last}, nil)
	c.goes()
	watcher.watched(nil, []string{last})
	watcher.hearsNothing()
}

func wat04(t *T) {
	users := make([]string, watchlistLimit+1)
	for i := range users {
		users[i] = t.name(fmt.Sprintf("user%d-", i))
	}
	list := userData(t.name("watcher-"), users...)
	watcher := t.connect(mainApp)
	watcher.signIn(list)
	offline, failed := watcher.afterSignIn()
	if !slices.Equal(sorted(offline), sorted(users[:watchlistLimit])) {
		t.fatalf("of %d users %d are watched, want the first %d", len(users), len(offline), watchlistLimit)
	}
	if !failed {
		t.fatalf("101 users to watch are accepted without a pusher:error 4302")
	}
	t.signedIn(users[watchlistLimit])
	watcher.hearsNothing()
	t.signedIn(users[watchlistLimit-1])
	watcher.watched([]string{users[watchlistLimit-1]}, nil)

	full := t.signedIn(t.name("watcher-"), users[:watchlistLimit-3]...)
	if offline, failed := full.afterSignIn(); failed || len(offline) != watchlistLimit-3 {
		t.fatalf("%d users to watch gave %d, and an error: %v", watchlistLimit-3, len(offline), failed)
	}
}

// afterSignIn reads all that follows upon a successful sign-in: whom the
// watchlist has as offline, and whether an error 4302 came too.
func (c *client) afterSignIn() (offline []string, failed bool) {
	for _, e := range c.barrier() {
		if e.Event == "pusher:error" {
			if p := c.problem(e); !p.has(4302) || failed {
				c.t.fatalf("got %s, want at most one pusher:error, with code 4302", e)
			}
			failed = true
			continue
		}
		if e.Event != watchlistEvents {
			c.t.fatalf("got %s, want watchlist events", e)
		}
		on, off := c.changes(e)
		if len(on) > 0 {
			c.t.fatalf("%d users are online, %s among them, who never signed in", len(on), on[0])
		}
		offline = append(offline, off...)
	}
	return offline, failed
}

func wat05(t *T) {
	user, room := t.name("user-"), t.name("presence-")
	watcher := t.signedIn(t.name("watcher-"), user)
	watcher.watched(nil, []string{user})
	c := t.connect(mainApp)
	c.join(room, member(user, nil))
	watcher.hearsNothing()
	t.signedIn(t.name("watcher-"), user).watched(nil, []string{user})
	c.leave(room)
	watcher.hearsNothing()
}

func wat06(t *T) {
	here, user := t.name("here-"), t.name("user-")
	t.signedIn(here)
	page := t.page("tab", t.name("watcher-"), here, user)
	page.hears("online", encode(map[string]any{"name": "online", "user_ids": []string{here}}))
	page.hears("offline", encode(map[string]any{"name": "offline", "user_ids": []string{user}}))
	c := t.signedIn(user)
	page.hears("online", encode(map[string]any{"name": "online", "user_ids": []string{user}}))
	c.goes()
	page.hears("offline", encode(map[string]any{"name": "offline", "user_ids": []string{user}}))
	page.heardAll()
}
