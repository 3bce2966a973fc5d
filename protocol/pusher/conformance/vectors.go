package main

import (
	"fmt"
	"net/http"
	"time"

	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/pusher/conformance/wire"
)

// The documentation's vectors fix a socket id or a time, which no client can
// choose. They are checked in our own verifier, and with a signature that is
// made on the spot, over the same words, on the wire.

const (
	vectorSocket = "1234.1234"
	vectorTime   = 1353088179
	vectorRoom   = `{"user_id":10,"user_info":{"name":"Mr. Channels"}}`
	vectorEvent  = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`
)

var vectorCredentials = wire.App{ID: "3", Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8"}

// tokenVector checks that our verifier takes this digest for channel, and that
// the suite's own signatures agree with it.
func (t *T) tokenVector(channel, data, digest string) {
	token := vectorCredentials.Key + ":" + digest
	if got := vectorCredentials.Token(vectorSocket, channel, data); got != token {
		t.fatalf("the suite signs %s as %s, want the vector %s", channel, got, token)
	}
	if !t.own() {
		t.note("the vector itself was not checked: its socket id cannot be had over the wire")
		return
	}
	signer := auth.NewSigner(vectorCredentials.Key, vectorCredentials.Secret)
	check := func(socket, channel, data string) error {
		return auth.CheckChannel(signer, socket, channel, data, data != "", token)
	}
	t.check(check(vectorSocket, channel, data), "verify the vector")
	if check("1234.1235", channel, data) == nil || check(vectorSocket, channel+"x", data) == nil {
		t.fatalf("the vector is taken for another socket or channel too")
	}
}

func sub06(t *T) {
	t.tokenVector("private-foobar", "", "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4")
	c := t.connect(vectorApp)
	c.subscribeSigned("private-foobar")
	t.publish(c.app, "event", "{}", "private-foobar")
	c.hears("event", "private-foobar")
}

func pre01(t *T) {
	t.tokenVector("presence-foobar", vectorRoom, "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80")
	c := t.connect(vectorApp)
	r := c.join("presence-foobar", vectorRoom)
	c.describes(r, "10")
	if !t.sameJSON(string(r.Hash["10"]), `{"name":"Mr. Channels"}`) {
		t.fatalf("hash has %s for user 10, want the signed user_info", r.Hash["10"])
	}
}

// requestVectors are the documentation's signed request and two like it.
var requestVectors = []struct {
	name      string
	request   wire.Request
	signature string
}{
	{
		"H1",
		wire.Request{Method: http.MethodPost, Path: "/apps/3/events", Body: vectorEvent},
		"da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c",
	},
	{
		"H2",
		wire.Request{
			Method: http.MethodGet, Path: "/apps/3/channels",
			Query: []wire.Param{{Name: "filter_by_prefix", Value: "presence-"}, {Name: "info", Value: "user_count"}},
		},
		"16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291",
	},
	{
		"H3",
		wire.Request{Method: http.MethodPost, Path: "/apps/3/users/12345/terminate_connections", Body: "{}"},
		"01fa634edeb0cae84115307cad5c23f65a46cd286461b1c89637a3b5871a8f0e",
	},
}

func api01(t *T) {
	then := time.Unix(vectorTime, 0)
	for _, v := range requestVectors {
		r := vectorCredentials.Authenticate(v.request, then)
		if got := r.Query[len(r.Query)-1].Value; got != v.signature {
			t.fatalf("the suite signs %s as %s, want the vector %s", v.name, got, v.signature)
		}
		if t.own() {
			t.check(verify(r, then), "verify vector "+v.name)
			r.Query[len(r.Query)-1].Value = v.signature[1:] + "0"
			if verify(r, then) == nil {
				t.fatalf("vector %s is taken with another signature too", v.name)
			}
		}
	}
	app := t.apps[vectorApp]
	for i, path := range []string{"events", "channels"} {
		r := requestVectors[i].request
		r.Path = fmt.Sprintf("/apps/%s/%s", app.ID, path)
		t.status(t.signed(app, r), http.StatusOK) // the bodies are for API-10 and API-25 to judge
	}
	if !t.own() {
		t.note("the vectors themselves were not checked: the server's clock cannot be set over the wire")
	}
}

// verify puts a signed request to our own verifier, at a time of its choice.
func verify(r wire.Request, now time.Time) error {
	request := auth.Request{Method: r.Method, Paths: []string{r.Path}, Body: []byte(r.Body)}
	for _, p := range r.Query {
		request.Params = append(request.Params, auth.Param{Key: p.Name, Value: p.Value})
	}
	return auth.NewSigner(vectorCredentials.Key, vectorCredentials.Secret).CheckRequest(&request, now)
}
