package main

import (
	"encoding/json"
	"net/http"
	"slices"

	"fanfare/protocol/pusher/conformance/wire"
)

// channels asks for the channels of an app. Each value is left undecoded.
func (t *T) channels(app wire.App, query ...string) map[string]json.RawMessage {
	var answer struct {
		Channels map[string]json.RawMessage `json:"channels"`
	}
	body := t.status(t.get(app, "/channels", query...), http.StatusOK)
	t.decode(body, &answer)
	if answer.Channels == nil {
		t.fatalf("channels of %s is not an object", body)
	}
	return answer.Channels
}

func api24(t *T) {
	app := t.apps[emptyApp]
	t.exactly(t.get(app, "/channels"), `{"channels":{}}`)
	t.exactly(t.get(app, "/channels", "filter_by_prefix=presence-", "info=user_count"), `{"channels":{}}`)
}

func api25(t *T) {
	app := t.apps[mainApp]
	room, public := t.occupied()
	all := t.channels(app)
	for _, channel := range []string{room, public} {
		if string(all[channel]) != "{}" {
			t.fatalf("channel %s is listed with %q, want {}", channel, all[channel])
		}
	}
	if _, ok := all[t.name("nobody-")]; ok {
		t.fatalf("a channel without subscribers is listed")
	}
	if _, ok := t.channels(t.apps[otherApp])[public]; ok {
		t.fatalf("a channel of another app is listed")
	}
}

func api26(t *T) {
	for _, role := range []string{mainApp, emptyApp} {
		app := t.apps[role]
		for _, query := range [][]string{
			{"info=user_count"},
			{"info=user_count", "filter_by_prefix="},
			{"info=user_count", "filter_by_prefix=private-"},
			{"info=user_count", "filter_by_prefix=presence"}, // presencex is public
			{"info=user_count", "filter_by_prefix=xpresence-"},
			{"info=no_such_attribute", "filter_by_prefix=presence-"},
		} {
			t.refuses(t.get(app, "/channels", query...), http.StatusBadRequest)
		}
	}
	room, _ := t.occupied()
	got := t.channels(t.apps[mainApp], "info=user_count", "filter_by_prefix="+room)
	if len(got) != 1 || !t.sameJSON(string(got[room]), `{"user_count":2}`) {
		t.fatalf("got %v, want %s with a user_count of 2", got, room)
	}
}

func api27(t *T) {
	c := t.connect(mainApp)
	stem := t.name("filter-")
	names := []string{stem + "", stem + ".a", stem + "xa", stem + "_a", stem + "-a", "x" + stem, stem + "=@,;"}
	for _, name := range names {
		c.subscribe(name)
	}
	for prefix, want := range map[string][]string{
		stem:          {stem, stem + ".a", stem + "xa", stem + "_a", stem + "-a", stem + "=@,;"},
		stem + ".":    {stem + ".a"}, // no regular expression
		stem + "_":    {stem + "_a"}, // no LIKE
		stem + "=@,;": {stem + "=@,;"},
		stem + "*":    {},
		"x" + stem:    {"x" + stem},
		stem + "%":    {},
	} {
		got := []string{}
		for name := range t.channels(c.app, "filter_by_prefix="+prefix) {
			got = append(got, name)
		}
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.fatalf("filter_by_prefix=%s lists %v, want %v", prefix, got, want)
		}
	}
}

func api28(t *T) {
	app := t.apps[mainApp]
	for _, prefix := range []string{"public-", "private-", "presence-"} {
		t.exactly(t.get(app, "/channels/"+t.name(prefix)), `{"occupied":false}`)
	}
	c, channel := t.listener()
	t.exactly(t.get(app, "/channels/"+channel), `{"occupied":true}`)
	t.exactly(t.get(t.apps[otherApp], "/channels/"+channel), `{"occupied":false}`)
	c.leave(channel)
	t.exactly(t.get(app, "/channels/"+channel), `{"occupied":false}`)
}

func api29(t *T) {
	app := t.apps[mainApp]
	room, public := t.occupied()
	for _, channel := range []string{public, t.name("nobody-"), t.name("private-")} {
		t.refuses(t.get(app, "/channels/"+channel, "info=user_count"), http.StatusBadRequest)
		t.refuses(t.get(app, "/channels/"+channel, "info=subscription_count,user_count"), http.StatusBadRequest)
	}
	body := t.status(t.get(app, "/channels/"+room, "info=user_count,subscription_count"), http.StatusOK)
	if want := `{"occupied":true,"user_count":2,"subscription_count":3}`; !t.sameJSON(body, want) {
		t.fatalf("got %s, want %s", body, want)
	}
}

func api32(t *T) {
	room, _ := t.occupied()
	c := t.connect(mainApp)
	c.join(room, member("10", nil)) // numbers are for PRE-06 to judge
	users := t.users(c.app, room)   // ids that are not strings fail there
	if slices.Sort(users); !slices.Equal(users, []string{"1", "10", "2"}) {
		t.fatalf("GET users has the ids %v, want each of 1, 2 and 10 once", users)
	}
}

func api33(t *T) {
	app := t.apps[mainApp]
	t.exactly(t.get(app, "/channels/"+t.name("presence-")+"/users"), `{"users":[]}`)
	_, public := t.occupied()
	for _, channel := range []string{public, t.name("nobody-"), t.name("private-")} {
		t.refuses(t.get(app, "/channels/"+channel+"/users"), http.StatusBadRequest)
	}
}
