package pusher

import (
	"strconv"

	"fanfare/channels"
	"fanfare/engine"
	"fanfare/protocol/strictjson"
)

// roster is some members of a presence channel as the confirmation lists them:
// their ids, and what is known of each. Both are parts of lists, a comma before
// each member, and escaped already for the string that they go into.
type roster struct {
	ids, hash []byte
	memory    engine.Shared // of both
}

// EncodeMembers implements channels.Sink.
func (*Server) EncodeMembers(members []*channels.Member) any {
	buf := buffers.Get().(*buffer)
	defer buffers.put(buf)
	r := &roster{}
	buf.inner = appendIDs(buf.inner[:0], members)
	r.ids = buf.escaped()
	buf.inner = appendHash(buf.inner[:0], members)
	r.hash = buf.escaped()
	r.memory.Bytes = len(r.ids) + len(r.hash)
	return r
}

// escaped gives what is in inner as it stands within a JSON string.
func (b *buffer) escaped() []byte {
	b.out = strictjson.AppendString(b.out[:0], b.inner)
	quoted := b.out
	return append([]byte(nil), quoted[1:len(quoted)-1]...)
}

func appendIDs(dst []byte, members []*channels.Member) []byte {
	for _, m := range members {
		dst = append(dst, ',')
		dst = strictjson.AppendString(dst, m.UserID)
	}
	return dst
}

// appendHash writes every member, with null when it has no info: clients take a
// missing key for a missing member.
func appendHash(dst []byte, members []*channels.Member) []byte {
	for _, m := range members {
		dst = append(dst, ',')
		dst = strictjson.AppendString(dst, m.UserID)
		dst = append(dst, ':')
		dst = appendInfo(dst, m.Info)
	}
	return dst
}

// What stands around the two lists of a confirmation.
var (
	beforeHash = []byte(`],\"hash\":{`)
	afterHash  = []byte(`}}}"}`)
)

// presence gives the confirmation of a presence channel in parts: a JSON string
// that lists the members in the order in which they came. The first part and
// both slices are the buffer's; the others lie in what is shared.
func (b *buffer) presence(s *Server, channel string, members channels.Members) (shared []*engine.Shared, list [][]byte) {
	b.out = append(b.out, `{"event":"pusher_internal:subscription_succeeded","channel":`...)
	b.out = strictjson.AppendString(b.out, channel)
	b.out = append(b.out, `,"data":"{\"presence\":{\"count\":`...)
	b.out = strconv.AppendInt(b.out, int64(members.Len()), 10)
	b.out = append(b.out, `,\"ids\":[`...)
	shared, ids, hash := b.shared[:0], append(b.parts[:0], b.out), b.rest[:0]
	for r := range members.Encoded(s.format, s) {
		if r := r.(*roster); len(r.ids) > 0 {
			shared, ids, hash = append(shared, &r.memory), append(ids, r.ids), append(hash, r.hash)
		}
	}
	if len(hash) > 0 { // no comma before the first
		ids[1], hash[0] = ids[1][1:], hash[0][1:]
	}
	list = append(append(append(ids, beforeHash), hash...), afterHash)
	b.shared, b.parts, b.rest = shared, list, hash
	return shared, list
}

// appendMemberEvent makes member_added, with the user's info, or
// member_removed.
func (b *buffer) appendMemberEvent(m *channels.Message) {
	b.inner = append(b.inner, `{"user_id":`...)
	b.inner = strictjson.AppendString(b.inner, m.Member.UserID)
	event := "pusher_internal:member_removed"
	if m.Kind == channels.MemberAdded {
		event = "pusher_internal:member_added"
		b.inner = append(b.inner, `,"user_info":`...)
		b.inner = appendInfo(b.inner, m.Member.Info)
	}
	b.inner = append(b.inner, '}')
	b.out = appendEvent(b.out, event, m.Channel, b.inner, "")
}

// appendInfo appends a user's info, which is JSON already.
func appendInfo(dst []byte, info string) []byte {
	if info == "" {
		return append(dst, "null"...)
	}
	return append(dst, info...)
}
