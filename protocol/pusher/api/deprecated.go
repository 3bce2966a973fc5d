package api

import (
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
)

// publishBody is POST channels/NAME/events?name=N&socket_id=SID, deprecated: the
// body is the event's data, whatever it is.
func (k *call) publishBody() *refusal {
	channel, no := k.channel()
	if no != nil {
		return no
	}
	o, no := k.nameAndSender()
	if no != nil {
		return no
	}
	e := event{data: borrow.String(k.body), channels: append(k.home.names, channel)}
	if e.name, no = k.readName(o, alone); no != nil {
		return no
	}
	if !utf8.Valid(k.body) {
		return malformed("body is not UTF-8: what subscribers get has to be text")
	}
	if no = k.checkSize(alone, "body", len(k.body)); no != nil {
		return no
	}
	if e.except, no = k.readExcept(o, alone); no != nil {
		return no
	}
	k.home.events = append(k.home.events, e)
	return k.send(nil)
}

// nameAndSender reads the query of publishBody. What else an event may have has
// no place there, and is better refused than overlooked.
func (k *call) nameAndSender() (*fastjson.Object, *refusal) {
	for _, p := range k.home.params {
		switch member := memberOf(p.Key); member {
		case "", "name", "socket_id":
		default:
			return nil, malformed("%s in the query is not read here, where the path names the channel and the body is the data: use POST %s%s/events", member, Prefix, k.App.ID)
		}
	}
	return k.query()
}

// showStats is GET channels/NAME/stats, deprecated.
func (k *call) showStats() *refusal {
	channel, no := k.channel()
	if no != nil {
		return no
	}
	registry := k.home.server.cfg.Registry
	n := registry.Subscribers(k.App.ID, channel)
	answer := append(make([]byte, 0, 80), `{"occupied":`...)
	answer = strconv.AppendBool(answer, n > 0)
	if names.KindOf(channel).Presence() {
		users, _ := registry.Users(k.App.ID, channel)
		answer = append(answer, `,"user_count":`...)
		answer = strconv.AppendInt(answer, int64(users), 10)
	}
	answer = append(answer, `,"connection_count":`...)
	answer = strconv.AppendInt(answer, int64(n), 10)
	k.home.ok(k.conn, k.tag, append(answer, '}'))
	return nil
}
