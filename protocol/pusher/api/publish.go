package api

import (
	"slices"

	"github.com/valyala/fastjson"

	"fanfare/channels/apps"
	"fanfare/protocol/strictjson"
)

// publish is POST events.
func (k *call) publish() *refusal {
	o, no := k.parameters()
	if no != nil {
		return no
	}
	e, no := k.readEvent(o, alone)
	if no != nil {
		return no
	}
	if e.channels, no = k.readChannels(o); no != nil {
		return no
	}
	k.home.events = append(k.home.events, e)
	answer := emptyObject
	if e.info != 0 {
		answer = k.appendChannelInfo(nil, &e)
	}
	return k.send(answer)
}

// readChannels reads where an event is to go. channels counts if there are
// both.
func (k *call) readChannels(o *fastjson.Object) ([]string, *refusal) {
	list := o.Get("channels")
	if strictjson.Absent(list) {
		return k.readChannel(o, alone)
	}
	limit := k.App.Limits.ChannelsPerPublish
	if list.Type() != fastjson.TypeArray {
		return nil, malformed("channels must be an array of 1 to %d names, not %s", limit, describe(list))
	}
	all := list.GetArray()
	if len(all) == 0 || len(all) > limit {
		return nil, refusef(400, apps.RefusedCount, "channels has %d names: send 1 to %d", len(all), limit)
	}
	for i, v := range all {
		if no := k.addChannel(v, i); no != nil {
			return nil, no
		}
	}
	return k.home.names, nil
}

// fewChannels is the length up to which a list is searched one by one.
const fewChannels = 8

// addChannel takes one of a list of channels, once.
func (k *call) addChannel(v *fastjson.Value, i int) *refusal {
	h := k.home
	name, ok := strictjson.String(v)
	if !ok {
		return malformed("%s must be a string, not %s", item("channels", i), describe(v))
	}
	if no := k.checkName(name); no != nil {
		return no.at(item("channels", i))
	}
	if len(h.names) < fewChannels {
		if !slices.Contains(h.names, name) {
			h.names = append(h.names, name)
		}
		return nil
	}
	if len(h.seen) == 0 {
		for _, name := range h.names {
			h.seen[name] = struct{}{}
		}
	}
	if _, twice := h.seen[name]; !twice {
		h.seen[name] = struct{}{}
		h.names = append(h.names, name)
	}
	return nil
}

// readChannel reads the one channel of an event. The loop's list of names may
// hold those of other events before it.
func (k *call) readChannel(o *fastjson.Object, p place) ([]string, *refusal) {
	h := k.home
	v := o.Get("channel")
	switch {
	case strictjson.Absent(v) && p == alone:
		return nil, malformed("channels is missing: send an array of 1 to %d names, or one as channel", k.App.Limits.ChannelsPerPublish)
	case strictjson.Absent(v):
		return nil, malformed("%s is missing: each event of a batch has one channel, a string", p.of("channel"))
	}
	name, ok := strictjson.String(v)
	if !ok {
		return nil, malformed("%s must be a string, not %s", p.of("channel"), describe(v))
	}
	if no := k.checkName(name); no != nil {
		return nil, no.at(p.of("channel"))
	}
	h.names = append(h.names, name)
	last := len(h.names)
	return h.names[last-1 : last : last], nil
}

// appendChannelInfo appends the answer to a publish with info.
func (k *call) appendChannelInfo(dst []byte, e *event) []byte {
	dst = append(dst, `{"channels":{`...)
	for i, channel := range e.channels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strictjson.AppendString(dst, channel)
		dst = append(dst, ":{"...)
		dst = k.appendCounts(dst, channel, e.info)
		dst = append(dst, '}')
	}
	return append(dst, "}}"...)
}
