package api

import (
	"bytes"
	"fmt"
)

// endpoint is one thing that the API does.
type endpoint struct {
	method  string // GET stands for HEAD too
	path    string // as people are told it
	purpose string
	bodied  bool // takes a body of up to the app's request_size
	serve   func(*call) *refusal
}

// The endpoints. The last three are of a later version: who asks for them is
// told so, which is better than "not found".
var (
	events      = &endpoint{"POST", "events", "publish an event", true, (*call).publish}
	batchEvents = &endpoint{"POST", "batch_events", "publish several events, all or none", true, (*call).publishBatch}
	channelList = &endpoint{"GET", "channels", "the occupied channels", false, (*call).listChannels}
	channelInfo = &endpoint{"GET", "channels/NAME", "one channel", false, (*call).showChannel}
	userList    = &endpoint{"GET", "channels/NAME/users", "the members of a presence channel", false, (*call).listUsers}
	connections = &endpoint{"GET", "connections", "how many connections are open", false, (*call).countConnections}
	terminate   = &endpoint{"POST", "users/ID/terminate_connections", "", false, (*call).notServed}
	oldStats    = &endpoint{"GET", "channels/NAME/stats", "", false, (*call).notServed}
	oldPublish  = &endpoint{"POST", "channels/NAME/events", "", false, (*call).notServed}
)

var served = []*endpoint{events, batchEvents, channelList, channelInfo, userList, connections}

// match takes a path apart: the app's id, what is asked for, and the channel or
// user that it is about. The parts are as they came, still escaped.
func match(path []byte) (id []byte, e *endpoint, name []byte) {
	rest, ok := bytes.CutPrefix(path, []byte(Prefix))
	if !ok {
		return nil, nil, nil
	}
	id, rest, _ = bytes.Cut(rest, slash)
	what, rest, deeper := bytes.Cut(rest, slash)
	if len(id) == 0 {
		return nil, nil, nil
	}
	if !deeper {
		return id, whole(what), nil
	}
	name, rest, deeper = bytes.Cut(rest, slash)
	if len(name) == 0 || deeper && len(rest) == 0 {
		return id, nil, nil
	}
	return id, part(what, rest), name
}

var slash = []byte{'/'}

// whole finds /apps/ID/WHAT.
func whole(what []byte) *endpoint {
	switch string(what) {
	case "events":
		return events
	case "batch_events":
		return batchEvents
	case "channels":
		return channelList
	case "connections":
		return connections
	}
	return nil
}

// part finds /apps/ID/WHAT/NAME and /apps/ID/WHAT/NAME/REST.
func part(what, rest []byte) *endpoint {
	switch {
	case string(what) == "users" && string(rest) == "terminate_connections":
		return terminate
	case string(what) != "channels":
		return nil
	}
	switch string(rest) {
	case "":
		return channelInfo
	case "users":
		return userList
	case "stats":
		return oldStats
	case "events":
		return oldPublish
	}
	return nil
}

func (e *endpoint) takes(method []byte) bool {
	return string(method) == e.method || e.method == "GET" && string(method) == "HEAD"
}

// allow lists the methods of an endpoint as the Allow header does.
func (e *endpoint) allow() string {
	if e.method == "GET" {
		return "GET, HEAD, OPTIONS"
	}
	return e.method + ", OPTIONS"
}

// notServed answers for what a later version brings.
func (k *call) notServed() *refusal {
	return later(fmt.Sprintf("%s %s%s/%s is not served by this version", k.endpoint.method, Prefix, k.App.ID, k.endpoint.path))
}

// notFound says what there is.
func notFound(path []byte) *refusal {
	var b bytes.Buffer
	fmt.Fprintf(&b, "nothing is served at %.100q; there is", path)
	for _, e := range served {
		fmt.Fprintf(&b, "\n  %-4s %sID/%-20s %s", e.method, Prefix, e.path, e.purpose)
	}
	return &refusal{status: 404, text: b.String()}
}

func wrongMethod(e *endpoint, method []byte) *refusal {
	return &refusal{
		status: 405, allow: e.allow(),
		text: fmt.Sprintf("method %.20q is not for %sID/%s: use %s", method, Prefix, e.path, e.method),
	}
}
