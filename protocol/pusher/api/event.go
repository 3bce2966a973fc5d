package api

import (
	"strconv"

	"github.com/valyala/fastjson"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/protocol"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
	"fanfare/protocol/strictjson"
)

// event is what somebody wants to publish. Its strings are borrowed from the
// request or its parser.
type event struct {
	name, data string
	channels   []string // distinct
	except     channels.Handle
	info       attributes
}

// place is where in the body an event is: its index in a batch.
type place int

// alone is the place of an event that is the whole body.
const alone place = -1

// of names a member of the event in a text.
func (p place) of(member string) string {
	if p == alone {
		return member
	}
	return item("batch", int(p)) + "." + member
}

// item names an element of a list in a text.
func item(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// readEvent reads all of an event but its channels.
func (k *call) readEvent(o *fastjson.Object, p place) (e event, no *refusal) {
	if e.name, no = k.readName(o, p); no != nil {
		return e, no
	}
	if e.data, no = k.readData(o, p); no != nil {
		return e, no
	}
	if e.except, no = k.readExcept(o, p); no != nil {
		return e, no
	}
	e.info, no = readInfo(o, p)
	return e, no
}

func (k *call) readName(o *fastjson.Object, p place) (string, *refusal) {
	limit := k.App.Limits.EventName
	v := o.Get("name")
	if strictjson.Absent(v) {
		return "", malformed("%s is missing: send the event's name, a string of 1 to %d characters", p.of("name"), limit)
	}
	name, ok := strictjson.String(v)
	if !ok {
		return "", malformed("%s must be a string of 1 to %d characters, not %s", p.of("name"), limit, describe(v))
	}
	if err := names.CheckEvent(name, limit); err != nil {
		return "", refusef(400, apps.RefusedName, "%s: %v", p.of("name"), err)
	}
	return name, nil
}

// readData takes a string as it is. Libraries send nothing else; of other types
// it takes the JSON text without white space.
func (k *call) readData(o *fastjson.Object, p place) (string, *refusal) {
	v := o.Get("data")
	if v == nil {
		return "", malformed("%s is missing: send a string, which may be empty", p.of("data"))
	}
	data, ok := strictjson.String(v)
	if !ok {
		h := k.home
		from := len(h.inner)
		h.inner = v.MarshalTo(h.inner)
		data = borrow.String(h.inner[from:])
	}
	return data, k.checkSize(p, "data", len(data))
}

// checkSize judges how much data an event has. What it is called in a text is
// only put together when it is needed.
func (k *call) checkSize(p place, member string, bytes int) *refusal {
	if limit := k.App.Limits.EventData; bytes > limit {
		return refusef(413, apps.RefusedSize, "%s has %d bytes: at most %d are allowed", p.of(member), bytes, limit)
	}
	return nil
}

// readExcept finds the connection that is to get nothing. An id that nobody has
// here, or only another server could have given, excludes nobody.
func (k *call) readExcept(o *fastjson.Object, p place) (channels.Handle, *refusal) {
	text, given, no := optional(o, p, "socket_id")
	if !given {
		return channels.None, no
	}
	if err := names.CheckSocketID(text); err != nil {
		return channels.None, malformed("%s: %v", p.of("socket_id"), err)
	}
	id, err := protocol.ParseSocketID(text)
	if err != nil {
		return channels.None, nil // well formed, but no id of ours
	}
	h, _ := k.home.server.cfg.IDs.Lookup(id)
	return h, nil
}

// checkName judges the name of a channel to publish on.
func (k *call) checkName(name string) *refusal {
	if err := names.CheckChannel(name, k.App.Limits.ChannelName); err != nil {
		return refusef(400, apps.RefusedName, "%v", err)
	}
	return nil
}

// optional gives a member that must be a string if it is there.
func optional(o *fastjson.Object, p place, member string) (text string, given bool, no *refusal) {
	v := o.Get(member)
	if strictjson.Absent(v) {
		return "", false, nil
	}
	if text, given = strictjson.String(v); !given {
		no = malformed("%s must be a string, not %s", p.of(member), describe(v))
	}
	return text, given, no
}
