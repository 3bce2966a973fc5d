package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"fanfare/protocol/pusher/conformance/wire"
)

// A dialect is how one of the server libraries writes its requests: in which
// order, with which headers, and what it escapes. Libraries that the suite can't
// run are replayed with it; only the time, and with it the signature, is new.
type dialect struct {
	headers []string
	// order gives the query as it is sent, from the signed parameters: first
	// those of the call and then those of the signature.
	order func(params []wire.Param) []string
}

// php7 is pusher-http-php 7.2.7 on Guzzle, which sorts all parameters.
var php7 = dialect{
	headers: []string{"User-Agent: GuzzleHttp/7", "Content-Type: application/json", "X-Pusher-Library: pusher-http-php 7.2.7"},
	order: func(params []wire.Param) []string {
		slices.SortFunc(params, func(a, b wire.Param) int { return strings.Compare(a.Name, b.Name) })
		var pairs []string
		for _, p := range params {
			pairs = append(pairs, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
		}
		return pairs
	},
}

// php7Array is the same for a call that was given info as an array, which is
// signed as one text.
var php7Array = dialect{headers: php7.headers, order: func(params []wire.Param) []string {
	var pairs []string
	for _, pair := range php7.order(params) {
		list, ok := strings.CutPrefix(pair, "info=")
		if !ok {
			pairs = append(pairs, pair)
			continue
		}
		for i, value := range strings.Split(list, url.QueryEscape(",")) {
			pairs = append(pairs, fmt.Sprintf("info%%5B%d%%5D=%s", i, value))
		}
	}
	return pairs
}}

// ruby2 is pusher-http-ruby 2.0.3, which leaves names as they are.
var ruby2 = dialect{
	headers: []string{
		"User-Agent: HTTPClient/1.0 (2.8.3, ruby 3.3.5 (2024-09-03))", "Accept: */*",
		"Content-Type: application/json", "X-Pusher-Library: pusher-http-ruby 2.0.3",
	},
	order: func(params []wire.Param) []string {
		var pairs []string
		for _, p := range params {
			pairs = append(pairs, p.Name+"="+url.QueryEscape(p.Value))
		}
		names := []string{"body_md5", "auth_version", "auth_key", "auth_timestamp", "auth_signature"}
		rank := func(pair string) int {
			name, _, _ := strings.Cut(pair, "=")
			return slices.Index(names, name) // -1, and so first, for those of the call
		}
		slices.SortStableFunc(pairs, func(a, b string) int { return rank(a) - rank(b) })
		return pairs
	},
}

// replay sends one request below /apps/ID in a dialect, and returns the body of
// the answer, which must be this status. Query is "name=value" pairs.
func (t *T) replay(d dialect, app wire.App, status int, method, path, body string, query ...string) string {
	r := wire.Request{Method: method, Path: "/apps/" + app.ID + path, Body: body}
	for _, pair := range query {
		name, value, _ := strings.Cut(pair, "=")
		r.Query = append(r.Query, wire.Param{Name: name, Value: value})
	}
	return t.status(t.do(d.write(app.Authenticate(r, time.Now()))), status)
}

// write gives a signed request as the library sends it.
func (d dialect) write(r wire.Request) wire.Request {
	target := r.Path + "?" + strings.Join(d.order(slices.Clone(r.Query)), "&")
	return wire.Request{Method: r.Method, Path: target, Body: r.Body, Header: d.headers}
}

// php is the PHP library with an app's credentials. A call that the library
// would make an exception of ends the check.
type php struct {
	t   *T
	app wire.App
}

func (p php) post(path, body string) string {
	return p.t.replay(php7, p.app, http.StatusOK, http.MethodPost, path, body)
}

func (p php) get(path string, query ...string) string {
	return p.t.replay(php7, p.app, http.StatusOK, http.MethodGet, path, "", query...)
}

// trigger publishes; more are further members of the body, such as "info".
func (p php) trigger(channels []string, event, data string, more ...string) string {
	names := make([]string, len(channels))
	for i, channel := range channels {
		names[i] = phpText(channel)
	}
	members := []string{
		`"name":` + phpText(event), `"data":` + phpText(data), `"channels":[` + strings.Join(names, ",") + "]",
	}
	for _, pair := range more {
		name, value, _ := strings.Cut(pair, "=")
		members = append(members, phpText(name)+":"+phpText(value))
	}
	return p.post("/events", "{"+strings.Join(members, ",")+"}")
}

// batch publishes events of "channel", "name", "data", and maybe "info".
func (p php) batch(events ...[]string) string {
	var list []string
	for _, e := range events {
		text := `{"channel":` + phpText(e[0]) + `,"name":` + phpText(e[1]) + `,"data":` + phpText(e[2])
		if len(e) > 3 {
			text += `,"info":` + phpText(e[3])
		}
		list = append(list, text+"}")
	}
	return p.post("/batch_events", `{"batch":[`+strings.Join(list, ",")+"]}")
}

func (p php) sendToUser(user, event, data string) string {
	return p.trigger([]string{ownChannel + user}, event, data)
}

func (p php) terminateUserConnections(user string) string {
	return p.post("/users/"+user+"/terminate_connections", "{}")
}

func (p php) getPresenceUsers(channel string) string { return p.get("/channels/" + channel + "/users") }

// phpText is a string as json_encode writes it: ASCII, with escaped slashes.
func phpText(s string) string {
	var out strings.Builder
	for _, r := range encode(s) {
		switch {
		case r == '/':
			out.WriteString(`\/`)
		case r < 0x80:
			out.WriteRune(r)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				_, _ = fmt.Fprintf(&out, `\u%04x`, unit) // never fails
			}
		}
	}
	return out.String()
}
