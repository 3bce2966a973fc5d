package pusher

import (
	"strconv"

	"fanfare/channels"
	"fanfare/protocol/strictjson"
)

// roster is some members of a presence channel as the confirmation lists them:
// their ids, and after them what is known of each. Both are parts of lists,
// without the commas at their ends, and escaped already for the string that
// they go into.
type roster struct{ ids, hash []byte }

// EncodeMembers implements channels.Sink.
func (*Server) EncodeMembers(members []*channels.Member) any {
	buf := buffers.Get().(*buffer)
	defer buffers.put(buf)
	r := &roster{}
	buf.inner = appendIDs(buf.inner[:0], members)
	r.ids = buf.escaped()
	buf.inner = appendHash(buf.inner[:0], members)
	r.hash = buf.escaped()
	return r
}

// escaped gives what is in inner as it stands within a JSON string.
func (b *buffer) escaped() []byte {
	b.out = strictjson.AppendString(b.out[:0], b.inner)
	quoted := b.out
	return append([]byte(nil), quoted[1:len(quoted)-1]...)
}

func appendIDs(dst []byte, members []*channels.Member) []byte {
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strictjson.AppendString(dst, m.UserID)
	}
	return dst
}

// appendHash writes every member, with null when it has no info: clients take a
// missing key for a missing member.
func appendHash(dst []byte, members []*channels.Member) []byte {
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strictjson.AppendString(dst, m.UserID)
		dst = append(dst, ':')
		dst = appendInfo(dst, m.Info)
	}
	return dst
}

// appendPresence makes the confirmation of a presence channel: a JSON string
// that lists the members in the order in which they came. Of a large room most
// is copied.
func (b *buffer) appendPresence(s *Server, channel string, members channels.Members) {
	rosters := b.rosters[:0]
	for r := range members.Encoded(s.format, s) {
		rosters = append(rosters, r.(*roster))
	}
	b.out = append(b.out, `{"event":"pusher_internal:subscription_succeeded","channel":`...)
	b.out = strictjson.AppendString(b.out, channel)
	b.out = append(b.out, `,"data":"{\"presence\":{\"count\":`...)
	b.out = strconv.AppendInt(b.out, int64(members.Len()), 10)
	b.out = append(b.out, `,\"ids\":[`...)
	b.out = appendParts(b.out, rosters, func(r *roster) []byte { return r.ids })
	b.out = append(b.out, `],\"hash\":{`...)
	b.out = appendParts(b.out, rosters, func(r *roster) []byte { return r.hash })
	b.out = append(b.out, `}}}"}`...)
	clear(rosters)
	b.rosters = rosters
}

// appendParts joins parts of a list with commas. Some may be empty.
func appendParts(dst []byte, rosters []*roster, part func(*roster) []byte) []byte {
	first := true
	for _, r := range rosters {
		text := part(r)
		if len(text) == 0 {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, text...)
	}
	return dst
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
