package main

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/pusher/conformance/wire"
)

const (
	signedIn   = "pusher:signin_success"
	ownChannel = "#server-to-user-" // and the user's id
)

// userToken authenticates a socket as the user whom userData describes.
func userToken(app wire.App, socket, userData string) string {
	return app.Key + ":" + app.Sign(socket+"::user::"+userData)
}

// userData is the user object as an application signs it. The watchlist may be
// left out.
func userData(id string, watchlist ...string) string {
	user := map[string]any{"id": id}
	if len(watchlist) > 0 {
		user["watchlist"] = watchlist
	}
	return encode(user)
}

// askSignIn sends pusher:signin.
func (c *client) askSignIn(token, userData string) {
	c.send("pusher:signin", "", map[string]any{"auth": token, "user_data": userData})
}

// signIn signs c in, and proves that the answer repeats userData as it was sent.
func (c *client) signIn(userData string) {
	c.askSignIn(userToken(c.app, c.id, userData), userData)
	e := c.expect(signedIn, "")
	c.members(e, "event", "data")
	var data struct {
		UserData *string `json:"user_data"`
	}
	c.t.decode(c.objectText(e), &data)
	if data.UserData == nil || *data.UserData != userData {
		c.t.fatalf("%s was answered by %s, want the same user_data as a string", userData, e)
	}
}

// objectText returns the data of e as JSON text. Where clients take both an
// object and a string that holds one, our own server sends the object.
func (c *client) objectText(e event) string {
	text := string(e.Members["data"])
	if !strings.HasPrefix(text, `"`) {
		return text
	}
	if c.t.own() {
		c.t.fatalf("data of %s is a string, want an object", e)
	}
	return c.text(e)
}

// isNobody proves that c is not signed in as this user: its channel is closed
// to c, and what is sent to the user does not come.
func (c *client) isNobody(user string) {
	c.ask(ownChannel+user, "", "")
	c.refused(ownChannel + user)
	c.t.publish(c.app, "event", "{}", ownChannel+user)
	c.hearsNothing()
}

// mustNotSignIn sends a sign-in that must be refused, and proves that the
// connection stays and that c is not the user.
func (c *client) mustNotSignIn(token, userData, user string) {
	c.askSignIn(token, userData)
	c.refused("")
	c.isNobody(user)
}

// userVector checks that our verifier takes the documentation's sign-in.
func (t *T) userVector() {
	const data, digest = `{"id":"12345"}`, "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"
	token := vectorCredentials.Key + ":" + digest
	if got := userToken(vectorCredentials, vectorSocket, data); got != token {
		t.fatalf("the suite signs %s as %s, want the vector %s", data, got, token)
	}
	if !t.own() {
		t.note("the vector itself was not checked: its socket id cannot be had over the wire")
		return
	}
	signer := auth.NewSigner(vectorCredentials.Key, vectorCredentials.Secret)
	t.check(auth.CheckUser(signer, vectorSocket, data, token), "verify the vector")
	if auth.CheckUser(signer, "1234.1235", data, token) == nil || auth.CheckUser(signer, vectorSocket, data+" ", token) == nil {
		t.fatalf("the vector is taken for another socket or user too")
	}
}

func sig01(t *T) {
	t.userVector()
	for _, data := range []string{
		`{"id":"12345"}`,
		`{"id":"12345","user_info":{"name":"Zoë \u00e9 </script>"},"more":[1,2]}`,
		" {\t\"id\" : \"\\u0031\" }\n", // signed as it is, white space and escapes included
		`{"id":"=@,.;_-"}`,
	} {
		c := t.connect(vectorApp)
		c.signIn(data)
		c.alive()
	}
}

func sig02(t *T) {
	c, user := t.connect(mainApp), t.name("user-")
	data := userData(user)
	good := userToken(c.app, c.id, data)
	_, digest, _ := strings.Cut(good, ":")
	for _, token := range []string{
		c.app.Key + ":" + wrongSignature,
		t.apps[otherApp].Key + ":" + digest,
		userToken(c.app, c.id+"0", data),
		userToken(c.app, c.id, data+" "),
		c.app.Token(c.id, "private-"+user, data),
		digest, ":" + digest, c.app.Key + ":", good + ":", "",
	} {
		c.mustNotSignIn(token, data, user)
	}
	c.send("pusher:signin", "", map[string]any{"user_data": data})
	c.refused("")
	c.isNobody(user)
	c.signIn(data) // the connection is as good as new
}

func sig03(t *T) {
	c := t.connect(mainApp)
	for _, data := range []string{
		`{}`, `{"id":""}`, `{"id":12345}`, `{"id":null}`, `{"id":["1"]}`, `{"user_id":"12345"}`,
		`"12345"`, `null`, `[]`, `12345`, `no JSON`, ``,
	} {
		c.askSignIn(userToken(c.app, c.id, data), data)
		c.refused("")
	}
	c.send("pusher:signin", "", map[string]any{"auth": userToken(c.app, c.id, `{"id":"1"}`)})
	c.refused("")
	if t.own() { // an object is not what was signed
		c.send("pusher:signin", "", map[string]any{"auth": userToken(c.app, c.id, `{"id":"1"}`), "user_data": map[string]any{"id": "1"}})
		c.refused("")
	}
	for _, user := range []string{"12345", "1", "null"} {
		c.isNobody(user)
	}
}

func sig04(t *T) {
	c := t.connect(mainApp)
	first, second := t.name("user-"), t.name("user-")
	c.signIn(userData(first))
	c.mustNotSignIn(userToken(c.app, c.id, userData(second)), userData(second), second)
	c.subscribe(ownChannel + first)
	if t.own() { // what becomes of a second sign-in with the same id is the server's choice
		c.signIn(userData(first, second))
		c.watched(nil, []string{second})
	}
	t.publish(c.app, "event", "{}", ownChannel+first)
	c.hears("event", ownChannel+first)
}

func sig05(t *T) {
	for _, auth := range []any{"", nil} {
		c, user := t.connect(mainApp), t.name("user=@,.;_-")
		c.signIn(userData(user))
		data := map[string]any{"channel": ownChannel + user}
		if auth != nil {
			data["auth"] = auth
		}
		c.send("pusher:subscribe", "", data)
		e := c.expect("pusher_internal:subscription_succeeded", ownChannel+user)
		if got := c.text(e); got != "{}" {
			t.fatalf("data of the confirmation is the string %q, want \"{}\"", got)
		}
		t.publish(c.app, "event", `{"for":"you"}`, ownChannel+user)
		if got := c.text(c.hears("event", ownChannel+user)); got != `{"for":"you"}` {
			t.fatalf("the event arrived with data %q", got)
		}
		c.leave(ownChannel + user)
		t.publish(c.app, "event", "{}", ownChannel+user)
		c.hearsNothing()
	}
}

func sig06(t *T) {
	c, other := t.connect(mainApp), t.connect(mainApp)
	user, another := t.name("user-"), t.name("user-")
	c.signIn(userData(user))
	other.signIn(userData(another))
	other.subscribe(ownChannel + another)
	for _, channel := range []string{
		ownChannel + another, ownChannel + user + "0", ownChannel + user[:len(user)-1], ownChannel,
		ownChannel + strings.ToUpper(user), "#server-to-users-" + user, "#" + user, "#",
	} {
		for _, auth := range []string{"", c.app.Token(c.id, channel, ""), userToken(c.app, c.id, userData(user))} {
			c.ask(channel, auth, "")
			c.refused(channel)
		}
	}
	t.publish(c.app, "event", "{}", ownChannel+another)
	other.hears("event", ownChannel+another)
	c.hearsNothing()
}

func sig07(t *T) {
	user := t.name("user-")
	own := ownChannel + user
	clients := make([]*client, 12) // on every loop of a server that has several
	for i := range clients {
		clients[i] = t.connect(mainApp)
		clients[i].signIn(userData(user))
		clients[i].subscribe(own)
	}
	silent, stranger, foreign := t.connect(mainApp), t.connect(mainApp), t.connect(otherApp)
	silent.signIn(userData(user)) // but subscribes to nothing
	stranger.signIn(userData(t.name("user-")))
	foreign.signIn(userData(user)) // of another app, and so another user
	foreign.subscribe(own)
	page := t.page("tab", user)

	t.publish(clients[0].app, "event", `{"n":1}`, own)
	for _, c := range clients {
		e := c.hears("event", own) // once
		if got := c.text(e); got != `{"n":1}` {
			t.fatalf("the event arrived with data %q", got)
		}
		c.members(e, "event", "channel", "data")
	}
	page.hears("event", `{"n":1}`)
	t.publish(clients[0].app, "event", `{"n":2}`, own)
	page.hears("event", `{"n":2}`) // and not the first once more
	for _, c := range []*client{silent, stranger, foreign} {
		c.hearsNothing()
	}
	page.heardAll()
	t.note(oneNode)
}

func sig08(t *T) {
	user := t.name("user-")
	data := userData(user)
	c := t.connect(mainApp)
	token := userToken(c.app, c.id, data)
	c.signIn(data)
	c.subscribe(ownChannel + user)
	t.check(c.conn.Close(), "disconnect")
	again := t.connect(mainApp)
	again.isNobody(user)
	again.mustNotSignIn(token, data, user) // the token is the old socket's
	again.signIn(data)
	again.subscribe(ownChannel + user)
	t.publish(again.app, "event", "{}", ownChannel+user)
	again.hears("event", ownChannel+user)
}

// page opens a stock pusher-js client under a name, signs it in as a user with
// this watchlist, and waits until it hears what is sent to the user. Such
// events are read with hears("event") when that is their name, and the
// watchlist's with hears("online") and hears("offline").
func (t *T) page(name, user string, watchlist ...string) *puppet {
	app := t.apps[mainApp]
	endpoint := t.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, data := r.PostFormValue("socket_id"), userData(user, watchlist...)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, encode(map[string]string{"auth": userToken(app, socket, data), "user_data": data})) // a client that is gone has no use for it
	}))
	p, options := t.puppet(), t.pageOptions()
	options["userAuthentication"] = map[string]any{"endpoint": "http://" + endpoint + "/user-auth", "transport": "ajax"}
	p.do(
		create("Pusher", name, app.Key, options),
		bind(name+".user", "bind", "event", "event"),
		bind(name+".user.watchlist", "bind", "online", "online"),
		bind(name+".user.watchlist", "bind", "offline", "offline"),
		call(name, "signin", ""))
	t.eventually("pusher-js has subscribed to the channel of its user", func() bool {
		return string(p.do(read(name+".user.serverToUserChannel.subscribed"))) == "true"
	})
	return p
}

// pageOptions are what pusher-js needs for a server of one's own.
func (t *T) pageOptions() map[string]any {
	host, port, err := net.SplitHostPort(t.addr)
	t.check(err, "split the address")
	number, err := strconv.Atoi(port)
	t.check(err, "read the port")
	return map[string]any{"wsHost": host, "wsPort": number, "forceTLS": false, "cluster": ""}
}

// sorted returns the ids in order, for comparison.
func sorted(ids []string) []string { return slices.Sorted(slices.Values(ids)) }
