package pusher

import (
	"strconv"

	"fanfare/channels"
	"fanfare/protocol/strictjson"
)

// appendPresence makes the confirmation of a presence channel: a JSON string
// that lists the members in the order in which they came.
func (b *buffer) appendPresence(channel string, members []channels.Member) {
	b.inner = appendMembers(b.inner, members)
	b.out = append(b.out, `{"event":"pusher_internal:subscription_succeeded","channel":`...)
	b.out = strictjson.AppendString(b.out, channel)
	b.out = append(b.out, `,"data":`...)
	b.out = strictjson.AppendString(b.out, b.inner)
	b.out = append(b.out, '}')
}

// appendMembers writes every member into hash, with null when it has no info:
// clients take a missing key for a missing member.
func appendMembers(dst []byte, members []channels.Member) []byte {
	dst = append(dst, `{"presence":{"count":`...)
	dst = strconv.AppendInt(dst, int64(len(members)), 10)
	dst = append(dst, `,"ids":[`...)
	for i := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strictjson.AppendString(dst, members[i].UserID)
	}
	dst = append(dst, `],"hash":{`...)
	for i := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strictjson.AppendString(dst, members[i].UserID)
		dst = append(dst, ':')
		dst = appendInfo(dst, members[i].Info)
	}
	return append(dst, "}}}"...)
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
