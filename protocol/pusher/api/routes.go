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

// The endpoints. The last two have been deprecated since 2012; old applications
// still use them.
var (
	events      = &endpoint{"POST", "events", "publish an event", true, (*call).publish}
	batchEvents = &endpoint{"POST", "batch_events", "publish several events, all or none", true, (*call).publishBatch}
	channelList = &endpoint{"GET", "channels", "the occupied channels", false, (*call).listChannels}
	channelInfo = &endpoint{"GET", "channels/NAME", "one channel", false, (*call).showChannel}
	userList    = &endpoint{"GET", "channels/NAME/users", "the members of a presence channel", false, (*call).listUsers}
	terminate   = &endpoint{"POST", "users/ID/terminate_connections", "end the connections of a signed-in user", false, (*call).terminate}
	connections = &endpoint{"GET", "connections", "how many connections are open", false, (*call).countConnections}
	oldPublish  = &endpoint{"POST", "channels/NAME/events", "publish an event whose data is the body (deprecated)", true, (*call).publishBody}
	oldStats    = &endpoint{"GET", "channels/NAME/stats", "the counts of one channel (deprecated)", false, (*call).showStats}
)

var served = []*endpoint{events, batchEvents, channelList, channelInfo, userList, terminate, connections, oldPublish, oldStats}

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

// notFound says what there is.
func notFound(path []byte) *refusal {
	var b bytes.Buffer
	fmt.Fprintf(&b, "nothing is served at %.100q; there is", path)
	for _, e := range served {
		fmt.Fprintf(&b, "\n  %-4s %sID/%-30s %s", e.method, Prefix, e.path, e.purpose)
	}
	return &refusal{status: 404, text: b.String()}
}

func wrongMethod(e *endpoint, method []byte) *refusal {
	return &refusal{
		status: 405, allow: e.allow(),
		text: fmt.Sprintf("method %.20q is not for %sID/%s: use %s", method, Prefix, e.path, e.method),
	}
}
