package main

import (
	"net"
	"net/http"
	"strings"

	pusher "github.com/pusher/pusher-http-go/v5"
)

const bothCounts = "user_count,subscription_count"

// saysJSON proves that an answer has this value.
func (t *T) saysJSON(got, want string) {
	if !t.sameJSON(got, want) {
		t.fatalf("the answer is %s, want %s", got, want)
	}
}

// audience is who listens while a library publishes: one on a public channel,
// and two users, one of them on two connections, in a presence room.
type audience struct {
	channel, room string
	public, first *client
}

func (t *T) audience() audience {
	a := audience{channel: t.name("public-"), room: t.name("presence-"), public: t.connect(mainApp), first: t.connect(mainApp)}
	a.public.subscribe(a.channel)
	a.first.join(a.room, member("1", nil))
	t.connect(mainApp).join(a.room, member("2", nil))
	t.connect(mainApp).join(a.room, member("2", nil))
	a.first.sees(added, a.room, "2")
	return a
}

// gets proves that c hears this event, and nothing else.
func (c *client) gets(name, channel, data string) {
	if got := c.text(c.hears(name, channel)); got != data {
		c.t.fatalf("event %s arrived with data %q, want %q", name, got, data)
	}
}

// states is the answer about channels, by their names.
func states(of map[string]any) string { return encode(map[string]any{"channels": of}) }

func api41(t *T) {
	a, p := t.audience(), php{t, t.apps[mainApp]}
	t.saysJSON(p.trigger([]string{a.channel}, `App\Events\X`, `"Test ü </b> 😀"`), "{}")
	a.public.gets(`App\Events\X`, a.channel, `"Test ü </b> 😀"`)
	t.saysJSON(p.trigger([]string{a.channel, a.room}, "my_event", `{"my":"data"}`, "socket_id="+a.public.id), "{}")
	a.first.gets("my_event", a.room, `{"my":"data"}`)
	a.public.hearsNothing()
	t.saysJSON(p.trigger([]string{a.channel, a.room}, "my_event", "0", "info="+bothCounts), states(map[string]any{
		a.channel: map[string]int{"subscription_count": 1}, a.room: map[string]int{"user_count": 2, "subscription_count": 3},
	}))
	a.public.gets("my_event", a.channel, "0")
	a.first.gets("my_event", a.room, "0")
	t.phpBatches(p, a)
	t.phpReads(p, a)
	t.phpUsers(p, a)
	wrong := p.app
	wrong.Secret += "x"
	t.replay(php7, wrong, http.StatusUnauthorized, http.MethodGet, "/channels", "")
	t.note("the requests of the PHP library were replayed, not driven")
}

func (t *T) phpBatches(p php, a audience) {
	t.saysJSON(p.batch([]string{a.channel, "my_event", `{"my":"data"}`}), "{}")
	a.public.gets("my_event", a.channel, `{"my":"data"}`)
	t.saysJSON(p.batch([]string{a.channel, "my_event", "1"}, []string{a.room, "my_event", "2", bothCounts}),
		`{"batch":[{},{"user_count":2,"subscription_count":3}]}`)
	a.public.gets("my_event", a.channel, "1")
	a.first.gets("my_event", a.room, "2")
}

func (t *T) phpReads(p php, a audience) {
	t.saysJSON(p.get("/channels", "filter_by_prefix="+a.room), states(map[string]any{a.room: map[string]any{}}))
	t.saysJSON(p.get("/channels", "filter_by_prefix="+a.room, "info=user_count"),
		states(map[string]any{a.room: map[string]int{"user_count": 2}}))
	t.saysJSON(p.get("/channels/"+a.channel), `{"occupied":true}`)
	t.saysJSON(p.get("/channels/"+t.name("nobody-")), `{"occupied":false}`)
	t.saysJSON(p.get("/channels/"+a.room, "info="+bothCounts), `{"occupied":true,"user_count":2,"subscription_count":3}`)
	t.saysJSON(t.replay(php7Array, p.app, http.StatusOK, http.MethodGet, "/channels/"+a.room, "", "info="+bothCounts),
		`{"occupied":true,"user_count":2,"subscription_count":3}`)
	cache := t.name("cache-")
	p.trigger([]string{cache}, "my_event", "kept")
	if kept := t.asksCache(p.app, cache); kept == nil || *kept.Data != "kept" {
		t.fatalf("%s does not keep what was published", cache)
	}
}

// phpUsers calls what is about users: each call once, with its effect.
func (t *T) phpUsers(p php, a audience) {
	t.saysJSON(p.getPresenceUsers(a.room), `{"users":[{"id":"1"},{"id":"2"}]}`)
	t.saysJSON(p.getPresenceUsers(t.name("presence-")), `{"users":[]}`)
	user := t.name("user-")
	c, other := t.connect(mainApp), t.connect(mainApp)
	c.become(user)
	other.become(t.name("other-"))
	t.saysJSON(p.sendToUser(user, "my_event", `"Test"`), "{}")
	c.gets("my_event", ownChannel+user, `"Test"`)
	t.saysJSON(p.sendToUser(t.name("nobody-"), "my_event", `"Test"`), "{}")
	t.saysJSON(p.terminateUserConnections(user), "{}")
	c.thrownOut()
	t.saysJSON(p.terminateUserConnections(user), "{}") // who is gone
	other.alive()
}

func lar08(t *T) {
	a, p := t.audience(), php{t, t.apps[mainApp]}
	t.phpUsers(p, a)
	t.phpBatches(p, a)
	var answer struct{ Channels map[string]struct{} }
	t.decode(p.get("/channels"), &answer)
	if _, ok := answer.Channels[a.channel]; !ok {
		t.fatalf("getChannels has %v, without %s", answer, a.channel)
	}
	t.saysJSON(php{t, t.apps[emptyApp]}.get("/channels"), `{"channels":{}}`)
	t.note("the requests of the PHP library were replayed, not driven")
}

func api42(t *T) {
	t.goLibrary(t.audience())
	t.goAuthorizes()
	t.nodeLibrary(t.audience())
	t.rubyLibrary(t.audience())
	t.note("the Go and Node libraries were driven; the requests of the Ruby library were replayed")
}

// goClient is the vendor's Go library, pointed at the server.
func (t *T) goClient() *pusher.Client {
	c := library(t.apps[mainApp])
	c.Host, c.HTTPClient = t.addr, &http.Client{Timeout: t.limit}
	return c
}

func (t *T) goLibrary(a audience) {
	server, info, users := t.goClient(), bothCounts, "user_count"
	f := func(got any, err error, want string) {
		t.check(err, "call the Go library")
		t.saysJSON(encode(got), want)
	}
	t.check(server.Trigger(a.channel, `App\Events\X`, map[string]string{"a": "ü"}), "trigger")
	a.public.gets(`App\Events\X`, a.channel, `{"a":"ü"}`)
	list, err := server.TriggerMultiWithParams([]string{a.channel, a.room}, "x", "y", pusher.TriggerParams{SocketID: &a.public.id})
	f(list, err, `{"channels":null}`) // {} on the wire
	a.first.gets("x", a.room, "y")
	a.public.hearsNothing()
	list, err = server.TriggerMultiWithParams([]string{a.channel, a.room}, "x", "y", pusher.TriggerParams{Info: &info})
	f(list, err, states(map[string]any{
		a.channel: map[string]int{"subscription_count": 1}, a.room: map[string]int{"user_count": 2, "subscription_count": 3},
	}))
	batch, err := server.TriggerBatch([]pusher.Event{{Channel: a.channel, Name: "x", Data: "y"}, {Channel: a.room, Name: "x", Data: "y", Info: &info}})
	f(batch, err, `{"batch":[{},{"user_count":2,"subscription_count":3}]}`)
	batch, err = server.TriggerBatch([]pusher.Event{{Channel: a.channel, Name: "x", Data: "y"}})
	f(batch, err, `{"batch":null}`) // {} on the wire

	all, err := server.Channels(pusher.ChannelsParams{FilterByPrefix: &a.room, Info: &users})
	f(all, err, states(map[string]any{a.room: map[string]int{"user_count": 2}}))
	one, err := server.Channel(a.room, pusher.ChannelParams{Info: &info})
	f(one, err, encode(pusher.Channel{Name: a.room, Occupied: true, UserCount: 2, SubscriptionCount: 3}))
	who, err := server.GetChannelUsers(a.room)
	f(who, err, `{"users":[{"id":"1"},{"id":"2"}]}`)
	server.Secret += "x"
	if err := server.Trigger(a.channel, "x", "y"); err == nil || !strings.Contains(err.Error(), "401") {
		t.fatalf("with a wrong secret the Go library says %v, want the status 401", err)
	}
}

// goAuthorizes subscribes and signs in with what the library answers in an
// application's auth endpoints.
func (t *T) goAuthorizes() {
	server, c, user := t.goClient(), t.connect(mainApp), t.name("user-")
	var answer struct {
		Auth        string
		ChannelData string `json:"channel_data"`
		UserData    string `json:"user_data"`
	}
	private, room := t.name("private-"), t.name("presence-")
	text, err := server.AuthorizePrivateChannel([]byte("socket_id=" + c.id + "&channel_name=" + private))
	t.check(err, "authorise a private channel")
	t.decode(string(text), &answer)
	c.ask(private, answer.Auth, "")
	c.expect("pusher_internal:subscription_succeeded", private)
	text, err = server.AuthorizePresenceChannel([]byte("socket_id="+c.id+"&channel_name="+room), pusher.MemberData{UserID: "1"})
	t.check(err, "authorise a presence channel")
	t.decode(string(text), &answer)
	c.ask(room, answer.Auth, answer.ChannelData)
	c.expect("pusher_internal:subscription_succeeded", room)
	text, err = server.AuthenticateUser([]byte("socket_id="+c.id), map[string]any{"id": user})
	t.check(err, "authenticate a user")
	t.decode(string(text), &answer)
	c.askSignIn(answer.Auth, answer.UserData)
	c.expect(signedIn, "")
	c.subscribe(ownChannel + user)
	t.check(server.SendToUser(user, "x", "y"), "send to a user")
	c.gets("x", ownChannel+user, "y")
}

// nodeLibrary calls the vendor's Node library, which hands answers over as they
// came.
func (t *T) nodeLibrary(a audience) {
	app, p := t.apps[mainApp], t.puppet()
	host, port, err := net.SplitHostPort(t.addr)
	t.check(err, "split the address")
	p.do(create("Library", "server", map[string]any{
		"appId": app.ID, "key": app.Key, "secret": app.Secret, "host": host, "port": port, "useTLS": false,
	}))
	says := func(want, method string, args ...any) {
		p.do(call("server", "ask", "", append([]any{"answer", method}, args...)...))
		p.hears("answer", `{"status":200,"answer":`+want+`}`)
	}
	get := func(want, path string, params map[string]any) {
		says(want, "get", map[string]any{"path": path, "params": params})
	}
	says("{}", "trigger", a.channel, `App\Events\X`, map[string]string{"a": "ü"})
	a.public.gets(`App\Events\X`, a.channel, `{"a":"ü"}`)
	says("{}", "trigger", []string{a.channel, a.room}, "x", "y", map[string]string{"socket_id": a.public.id})
	a.public.hearsNothing()
	says(states(map[string]any{a.room: map[string]int{"user_count": 2, "subscription_count": 3}}),
		"trigger", a.room, "x", "y", map[string]string{"info": bothCounts})
	says("{}", "triggerBatch", []map[string]string{{"channel": a.channel, "name": "x", "data": "y"}})
	says(`{"batch":[{},{"user_count":2}]}`, "triggerBatch", []map[string]string{
		{"channel": a.channel, "name": "x", "data": "y"}, {"channel": a.room, "name": "x", "data": "y", "info": "user_count"},
	})
	get(states(map[string]any{a.room: map[string]int{"user_count": 2}}), "/channels",
		map[string]any{"filter_by_prefix": a.room, "info": "user_count"})
	get(`{"occupied":true,"user_count":2,"subscription_count":3}`, "/channels/"+a.room, map[string]any{"info": bothCounts})
	get(`{"users":[{"id":"1"},{"id":"2"}]}`, "/channels/"+a.room+"/users", nil)
	user, c := t.name("user-"), t.connect(mainApp)
	c.become(user)
	says("{}", "sendToUser", user, "x", "y")
	c.gets("x", ownChannel+user, "y")
	says("{}", "terminateUserConnections", user)
	c.thrownOut()
	t.nodeRefused(p, a)
}

// nodeRefused proves that the library tells an application why it was refused.
func (t *T) nodeRefused(p *puppet, a audience) {
	p.do(call("server", "ask", "", "answer", "get", map[string]any{"path": "/channels/" + a.channel + "/users"}))
	var answer struct {
		Status int
		Error  string
	}
	t.decode(string(p.await("answer")[0]), &answer)
	if answer.Status != http.StatusBadRequest || answer.Error == "" {
		t.fatalf("the Node library says %+v of a refused request, want its status and text", answer)
	}
}

func (t *T) rubyLibrary(a audience) {
	app := t.apps[mainApp]
	says := func(want, method, path, body string, query ...string) {
		t.saysJSON(t.replay(ruby2, app, http.StatusOK, method, path, body, query...), want)
	}
	says("{}", http.MethodPost, "/events",
		`{"socket_id":"12.34","name":"event","channels":["`+a.channel+`","`+a.room+`"],"data":"{\"some\":\"data\"}"}`)
	a.public.gets("event", a.channel, `{"some":"data"}`)
	a.first.gets("event", a.room, `{"some":"data"}`)
	says("{}", http.MethodPost, "/batch_events",
		`{"batch":[{"channel":"`+a.channel+`","name":"event","data":"{\"some\":\"data\"}"}]}`)
	a.public.gets("event", a.channel, `{"some":"data"}`)
	says(`{"occupied":true,"user_count":2,"subscription_count":3}`, http.MethodGet, "/channels/"+a.room, "", "info="+bothCounts)
	says(states(map[string]any{a.room: map[string]int{"user_count": 2}}), http.MethodGet, "/channels", "",
		"filter_by_prefix="+a.room, "info[]=user_count")
	says(`{"users":[{"id":"1"},{"id":"2"}]}`, http.MethodGet, "/channels/"+a.room+"/users", "")
}
