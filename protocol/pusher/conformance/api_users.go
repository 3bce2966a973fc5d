package main

import (
	"net/http"
	"net/url"

	"fanfare/protocol/pusher/conformance/wire"
)

// become signs c in as a user, and subscribes it to the user's own channel as
// the clients do.
func (c *client) become(user string) {
	c.signIn(userData(user))
	c.subscribe(ownChannel + user)
}

// terminate ends the connections of a user, of whom there may be none.
func (t *T) terminate(app wire.App, user, body string) {
	path := "/apps/" + app.ID + "/users/" + url.PathEscape(user) + "/terminate_connections"
	signed := "/apps/" + app.ID + "/users/" + user + "/terminate_connections"
	t.exactly(t.signed(app, wire.Request{Method: http.MethodPost, Path: path, Signed: signed, Body: body}), "{}")
}

// thrownOut proves that c was closed by its server, with a code that a client
// acts upon.
func (c *client) thrownOut() {
	closing, _ := c.closed()
	if closing.Code < 4000 || closing.Code >= 4300 {
		c.t.fatalf("a terminated connection was closed with %d, want 4000 to 4299", closing.Code)
	}
	if c.t.own() && closing.Code != 4009 {
		c.t.fatalf("a terminated connection was closed with %d, want 4009", closing.Code)
	}
}

func api34(t *T) {
	for user, body := range map[string]string{t.name("user-"): "{}", t.name("odd=@,.;"): ""} {
		a, b, other, stranger := t.connect(mainApp), t.connect(mainApp), t.connect(mainApp), t.connect(otherApp)
		a.become(user)
		b.become(user)
		other.become(t.name("other-"))
		stranger.become(user) // in another app that is somebody else
		room := t.name("presence-")
		other.join(room, member("other", nil))
		a.join(room, member(user, nil))
		other.sees(added, room, user)

		t.terminate(a.app, user, body)
		a.thrownOut()
		b.thrownOut()
		if got := other.userID(other.expect(removed, room)); got != user {
			t.fatalf("told that user %q has gone, want %q", got, user)
		}
		other.alive()
		stranger.alive()
	}
	t.note(oneNode)
}

func api35(t *T) {
	user, room := t.name("user-"), t.name("presence-")
	c, signedIn := t.connect(mainApp), t.connect(mainApp)
	c.join(room, member(user, nil))
	signedIn.become(user)
	t.terminate(c.app, user, "{}")
	signedIn.thrownOut()
	c.alive()
	t.publish(c.app, "event", "{}", room)
	c.hears("event", room)
	t.terminate(c.app, user, "{}") // and nobody is left who is signed in
	c.alive()
}

func api36(t *T) {
	app := t.apps[mainApp]
	t.terminate(app, t.name("nobody-"), "{}")
	t.terminate(app, t.name("nobody=@,.;"), "")
	c := t.connect(mainApp)
	user := t.name("user-")
	c.become(user)
	t.terminate(app, user+"x", "{}")
	c.alive()
	if !t.own() {
		return
	}
	for _, bad := range []string{"a%20b", "a%3Ab", "a%2Fb"} {
		t.refuses(t.signed(app, wire.Request{Method: http.MethodPost, Path: "/apps/" + app.ID + "/users/" + bad + "/terminate_connections"}), http.StatusBadRequest)
	}
}

func api37(t *T) {
	c, other := t.connect(mainApp), t.connect(mainApp)
	user := t.name("user=@,.;")
	c.become(user)
	other.become(t.name("other-"))
	own := ownChannel + user
	t.exactly(t.post(c.app, "/events", eventBody("event", "{}", own)), "{}")
	c.hears("event", own)
	other.hearsNothing()
	t.status(t.post(c.app, "/batch_events", map[string]any{"batch": batchOf(own, 1)}), http.StatusOK)
	c.hears("event-0", own)
	t.exactly(t.post(c.app, "/events", eventBody("event", "{}", ownChannel+t.name("nobody-"))), "{}")
	for _, channel := range []string{"#other", "#", "#server-to-user", "#server-to-users-" + user} {
		t.refuses(t.post(c.app, "/events", eventBody("event", "{}", channel)), http.StatusBadRequest)
		t.refuses(t.post(c.app, "/events", eventBody("event", "{}", own, channel)), http.StatusBadRequest)
		t.refuses(t.post(c.app, "/batch_events", map[string]any{"batch": batchOf(channel, 1)}), http.StatusBadRequest)
	}
	c.hearsNothing()
}
