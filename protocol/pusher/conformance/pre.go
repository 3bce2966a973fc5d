package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"fanfare/protocol/pusher/conformance/wire"
)

const (
	added   = "pusher_internal:member_added"
	removed = "pusher_internal:member_removed"
)

// userID returns the user_id in the data of a member event, which must be a
// string holding an object with a string.
func (c *client) userID(e event) string {
	var data struct {
		UserID *string `json:"user_id"`
	}
	c.t.decode(c.text(e), &data)
	if data.UserID == nil {
		c.t.fatalf("data of %s has no user_id", e)
	}
	return *data.UserID
}

// sees proves that c hears of this member, and of nothing else.
func (c *client) sees(name, room, user string) event {
	e := c.hears(name, room)
	if got := c.userID(e); got != user {
		c.t.fatalf("%s is about user %q, want %q", e, got, user)
	}
	c.members(e, "event", "channel", "data")
	return e
}

// describes proves that the roster holds exactly these users, each once.
func (c *client) describes(r roster, users ...string) {
	ids := slices.Sorted(slices.Values(r.IDs))
	keys := make([]string, 0, len(r.Hash))
	for id := range r.Hash {
		keys = append(keys, id)
	}
	slices.Sort(keys)
	slices.Sort(users)
	if *r.Count != len(users) || !slices.Equal(ids, users) || !slices.Equal(keys, users) {
		c.t.fatalf("roster has count %d, ids %v and hash of %v, want the users %v", *r.Count, ids, keys, users)
	}
}

func pre02(t *T) {
	c := t.connect(mainApp)
	room := t.name("presence-")
	for _, pair := range [][2]string{
		{`{"user_id":"7"}`, `{"user_id": "7"}`},
		{`{"user_id": "7"}`, `{"user_id":"7"}`},
		{`{"user_id":"7"}`, `{"user_id":"7"} `},
		{`{"user_id":"7","user_info":{"a":"\u00e9"}}`, `{"user_id":"7","user_info":{"a":"é"}}`},
	} {
		c.mustRefuse(room, c.app.Token(c.id, room, pair[0]), pair[1])
		c.join(room, pair[0])
		c.leave(room)
	}
}

func pre03(t *T) {
	c := t.connect(mainApp)
	for _, prefix := range []string{"presence-", "presence-cache-"} {
		room := t.name(prefix)
		c.askSigned(room, member("7", map[string]any{"name": "A"}))
		e := c.expect("pusher_internal:subscription_succeeded", room)
		c.members(e, "event", "channel", "data")
		c.describes(c.roster(e), "7")
	}
}

func pre04(t *T) {
	a, b := t.connect(mainApp), t.connect(mainApp)
	room := t.name("presence-")
	a.describes(a.join(room, member("1", map[string]any{"name": "A"})), "1")
	r := b.join(room, member("2", map[string]any{"name": "B"}))
	b.describes(r, "1", "2")
	for id, name := range map[string]string{"1": "A", "2": "B"} {
		if !t.sameJSON(string(r.Hash[id]), encode(map[string]any{"name": name})) {
			t.fatalf("hash has %s for user %s, want the user_info that the user joined with", r.Hash[id], id)
		}
	}
}

func pre05(t *T) {
	room := t.name("presence-")
	for i, user := range []string{"1", "2", "1", "3", "2", "1"} {
		c := t.connect(mainApp)
		want := [][]string{{"1"}, {"1", "2"}, {"1", "2"}, {"1", "2", "3"}, {"1", "2", "3"}, {"1", "2", "3"}}[i]
		c.describes(c.join(room, member(user, nil)), want...)
	}
}

func pre06(t *T) {
	for literal, id := range map[string]string{
		"10":                   "10",
		"12345678901234567890": "12345678901234567890", // a float64 would change it
		`"10"`:                 "10",
	} {
		watcher, c := t.connect(mainApp), t.connect(mainApp)
		room := t.name("presence-")
		watcher.join(room, member("watcher", nil))
		r := c.join(room, `{"user_id":`+literal+`,"user_info":{"name":"Mr. Channels"}}`)
		c.describes(r, id, "watcher")
		watcher.sees(added, room, id)
		users := t.users(c.app, room)
		if slices.Sort(users); !slices.Equal(users, []string{id, "watcher"}) {
			t.fatalf("GET users has the ids %v, want %q and \"watcher\"", users, id)
		}
		c.leave(room)
		watcher.sees(removed, room, id)
	}
	t.webhooks(func(there *T, in *inbox) {
		for _, id := range []string{"10", "12345678901234567890"} {
			c, room := there.connect(hookApp), t.name("presence-")
			c.join(room, `{"user_id":`+id+`}`)
			in.tells(c, room, "channel_occupied", "member_added "+id)
			if e := in.history[len(in.history)-1]; *e.UserID != id {
				t.fatalf("told %s, want a client event of user %q", e.by.body, id)
			}
		}
	})
}

// users asks for the ids of a presence channel's users, as strict strings.
func (t *T) users(app wire.App, room string) []string {
	var data struct {
		Users []struct {
			ID *string `json:"id"`
		} `json:"users"`
	}
	body := t.status(t.get(app, "/channels/"+room+"/users"), http.StatusOK)
	t.decode(body, &data)
	if data.Users == nil {
		t.fatalf("%s has no list of users", body)
	}
	ids := []string{}
	for _, u := range data.Users {
		if u.ID == nil {
			t.fatalf("a user of %s has no id", body)
		}
		ids = append(ids, *u.ID)
	}
	return ids
}

func pre07(t *T) {
	a, b := t.connect(mainApp), t.connect(mainApp)
	room := t.name("presence-")
	a.join(room, member("1", nil))
	r := b.join(room, member("2", map[string]any{"name": "B"}))
	info, ok := r.Hash["1"]
	if !ok {
		t.fatalf("hash has no key for a member without user_info: %v", r.Hash)
	}
	if t.own() && string(info) != "null" {
		t.fatalf("hash has %s for a member without user_info, want null", info)
	}
}

func pre08(t *T) {
	watcher := t.connect(mainApp)
	room := t.name("presence-")
	watcher.join(room, member("watcher", nil))
	info := map[string]any{"name": `"Ünïcode" </script>`, "deep": []any{1.5, nil, true}}
	c := t.connect(mainApp)
	c.join(room, member("7", info))
	e := watcher.sees(added, room, "7")
	var data map[string]json.RawMessage
	t.decode(watcher.text(e), &data)
	if !t.sameJSON(string(data["user_info"]), encode(info)) {
		t.fatalf("%s has user_info %s, want %s", e, data["user_info"], encode(info))
	}
	for i := range 3 {
		t.connect(mainApp).join(room, member(fmt.Sprint(i), nil))
		watcher.sees(added, room, fmt.Sprint(i))
	}
}

func pre09(t *T) {
	watcher := t.connect(mainApp)
	room := t.name("presence-")
	watcher.join(room, member("watcher", nil))
	t.connect(mainApp).join(room, member("7", nil))
	watcher.sees(added, room, "7")
	for range 3 {
		t.connect(mainApp).join(room, member("7", nil))
		watcher.hearsNothing()
	}
}

func pre10(t *T) {
	watcher, a, b, c := t.connect(mainApp), t.connect(mainApp), t.connect(mainApp), t.connect(mainApp)
	room := t.name("presence-")
	watcher.join(room, member("watcher", nil))
	for _, tab := range []*client{a, b, c} {
		tab.join(room, member("7", nil))
	}
	watcher.sees(added, room, "7")
	a.leave(room)
	watcher.hearsNothing()
	t.check(b.conn.Close(), "disconnect")
	t.eventually("a closed tab is not counted", func() bool { return t.count(watcher.app, room) == 2 })
	watcher.hearsNothing()
	c.leave(room)
	watcher.sees(removed, room, "7")
	a.join(room, member("7", nil))
	watcher.sees(added, room, "7")
}

func pre11(t *T) {
	watcher, a, b := t.connect(mainApp), t.connect(mainApp), t.connect(mainApp)
	room := t.name("presence-")
	watcher.join(room, member("watcher", nil))
	watcher.hearsNothing()
	a.join(room, member("7", nil))
	a.hearsNothing()
	b.join(room, member("7", nil))
	b.hearsNothing()
	a.hearsNothing() // nor does another tab of the same user
	b.leave(room)
	a.leave(room)
	a.hearsNothing()
	b.hearsNothing()
	for _, name := range []string{added, removed} {
		watcher.expectUser(name, room, "7")
	}
	watcher.hearsNothing()
}

// expectUser reads the next message, which must be about this member.
func (c *client) expectUser(name, room, user string) {
	if e := c.expect(name, room); c.userID(e) != user {
		c.t.fatalf("%s is not about user %q", e, user)
	}
}

func pre12(t *T) {
	watcher := t.connect(mainApp)
	room := t.name("presence-")
	watcher.join(room, member("watcher", nil))
	for _, drop := range []func(c *client) error{
		func(c *client) error { return c.conn.Close() },
		func(c *client) error { return c.conn.Reset() },
	} {
		c := t.connect(mainApp)
		c.join(room, member("7", nil))
		watcher.sees(added, room, "7")
		t.check(drop(c), "drop the connection")
		watcher.expectUser(removed, room, "7")
	}
	if users := t.users(watcher.app, room); !slices.Equal(users, []string{"watcher"}) {
		t.fatalf("GET users has %v after all others were dropped", users)
	}
}

func pre13(t *T) {
	const limit = 100
	room := t.name("presence-")
	clients := make([]*client, limit)
	for i := range clients { // one by one: the order of what comes is for SUB-04 to judge
		clients[i] = t.connect(mainApp)
		clients[i].join(room, member(fmt.Sprint(i), nil))
	}
	over := t.connect(mainApp)
	over.askSigned(room, member("over", nil))
	over.refused(room)
	over.hearsNothing()
	tab := t.connect(mainApp)
	if r := tab.join(room, member("7", nil)); *r.Count != limit {
		t.fatalf("another connection of a member sees a count of %d, want %d", *r.Count, limit)
	}
	t.counts(over.app, room, limit+1)
	clients[8].send("pusher:unsubscribe", "", map[string]any{"channel": room})
	clients[8].untilPong()
	over.join(room, member("over", nil)) // a place is free again
}

func pre14(t *T) {
	c := t.connect(mainApp)
	room := t.name("presence-")
	big := member("7", map[string]any{"about": strings.Repeat("x", 1024)})
	c.mustRefuse(room, c.app.Token(c.id, room, big), big)
	small := member("7", map[string]any{"about": strings.Repeat("x", 950)})
	c.join(room, small)
}

func pre15(t *T) {
	c := t.connect(mainApp)
	room := t.name("presence-")
	long := member(strings.Repeat("u", 129), nil)
	c.mustRefuse(room, c.app.Token(c.id, room, long), long)
	digits := `{"user_id":` + strings.Repeat("7", 129) + `}`
	c.mustRefuse(room, c.app.Token(c.id, room, digits), digits)
	c.join(room, member(strings.Repeat("u", 128), nil))
}

func pre16(t *T) {
	c, watcher := t.connect(mainApp), t.connect(mainApp)
	room := t.name("presence-")
	watcher.join(room, member("watcher", nil))
	c.ask(room, c.app.Token(c.id, room, ""), "") // a good signature of the private form
	c.refused(room)
	if t.own() { // data without a usable id is no data
		for _, data := range []string{"{}", "null", "7", `"7"`, "[]", "no JSON", `{"user_info":{}}`, `{"user_id":null}`, `{"user_id":{}}`, `{"user_id":""}`, `{"user_id":true}`} {
			c.askSigned(room, data)
			c.refused(room)
		}
	}
	watcher.hearsNothing()
	t.counts(c.app, room, 1)
	c.describes(c.join(room, member("7", nil)), "7", "watcher")
}

func pre17(t *T) {
	room, user := t.name("presence-"), t.name("user-")
	watcher, c := t.connect(mainApp), t.connect(mainApp)
	watcher.join(room, member("watcher", nil))
	private := c.app.Token(c.id, room, "") // covers the socket and the room, and no channel_data
	c.mustRefuseMember(room, private)      // it is nobody yet
	c.signIn(`{"id":"` + user + `","user_info":{"name":"A"}}`)
	c.mustRefuseMember(room, c.app.Key+":"+wrongSignature)
	c.ask(room, private, "")
	r := c.roster(c.expect("pusher_internal:subscription_succeeded", room))
	c.describes(r, user, "watcher")
	if !t.sameJSON(string(r.Hash[user]), `{"name":"A"}`) {
		t.fatalf("hash has %s for the user, want the user_info of the sign-in", r.Hash[user])
	}
	e := watcher.sees(added, room, user)
	if !t.sameJSON(watcher.text(e), `{"user_id":"`+user+`","user_info":{"name":"A"}}`) {
		t.fatalf("the others are told %s, want the user_info of the sign-in", e)
	}
	c.send("client-x", room, "{}")
	c.alive() // it was taken in
	if e := watcher.hears("client-x", room); string(e.Members["user_id"]) != encode(user) {
		t.fatalf("a client event came as %s, want the user_id of the sign-in", e)
	}
	t.check(c.conn.Close(), "disconnect")
	if got := watcher.userID(watcher.expect(removed, room)); got != user {
		t.fatalf("told that user %q has gone, want %q", got, user)
	}
}

// mustRefuseMember sends a subscribe without channel_data that must be refused.
func (c *client) mustRefuseMember(room, auth string) {
	c.ask(room, auth, "")
	c.refused(room)
	c.t.counts(c.app, room, 1) // who was there before
}
