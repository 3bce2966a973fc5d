package pusher

import (
	"strconv"

	"fanfare/channels/users"
	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/strictjson"
)

// pongFrame is always the same, made once and shared by all loops.
var pongFrame = engine.NewText(engine.Protocol, []byte(`{"event":"pusher:pong","data":{}}`))

// appendHello appends the first frame of a connection. Its data is a JSON
// string, as every official client expects. timeout is in seconds.
func appendHello(dst []byte, id protocol.SocketID, timeout int) []byte {
	dst = append(dst, `{"event":"pusher:connection_established","data":"{\"socket_id\":\"`...)
	dst = id.Append(dst)
	dst = append(dst, `\",\"activity_timeout\":`...)
	dst = strconv.AppendInt(dst, int64(timeout), 10)
	return append(dst, `}"}`...)
}

// appendError appends a pusher:error. A code of 0 is written as null: the
// error of one command, after which the connection goes on.
func appendError(dst []byte, code uint16, message string) []byte {
	dst = append(dst, `{"event":"pusher:error","data":{"code":`...)
	if code == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendUint(dst, uint64(code), 10)
	}
	dst = append(dst, `,"message":`...)
	dst = strictjson.AppendString(dst, message)
	return append(dst, "}}"...)
}

// appendSubscriptionError appends the frame that Echo's .error() handler
// listens for. Its data is an object, as soketi sends it.
func appendSubscriptionError(dst []byte, channel string, e *refusal) []byte {
	dst = append(dst, `{"event":"pusher:subscription_error","channel":`...)
	dst = strictjson.AppendString(dst, channel)
	dst = append(dst, `,"data":{"type":`...)
	dst = strictjson.AppendString(dst, e.kind)
	dst = append(dst, `,"error":`...)
	dst = strictjson.AppendString(dst, e.text)
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(e.status), 10)
	return append(dst, "}}"...)
}

// appendSucceeded appends the confirmation of a channel without members.
func appendSucceeded(dst []byte, channel string) []byte {
	dst = append(dst, `{"event":"pusher_internal:subscription_succeeded","channel":`...)
	dst = strictjson.AppendString(dst, channel)
	return append(dst, `,"data":"{}"}`...)
}

// appendSigninSuccess appends the answer to a sign-in. userData is the string
// that was signed, which clients parse.
func appendSigninSuccess(dst []byte, userData string) []byte {
	dst = append(dst, `{"event":"pusher:signin_success","data":{"user_data":`...)
	dst = strictjson.AppendString(dst, userData)
	return append(dst, "}}"...)
}

// appendWatchlist appends who is online and who is not; an empty list is left
// out.
func appendWatchlist(dst []byte, online, offline []string) []byte {
	dst = append(dst, `{"event":"pusher_internal:watchlist_events","data":{"events":[`...)
	dst = appendUsers(dst, users.Online, online)
	if len(online) > 0 && len(offline) > 0 {
		dst = append(dst, ',')
	}
	dst = appendUsers(dst, users.Offline, offline)
	return append(dst, "]}}"...)
}

func appendUsers(dst []byte, name string, ids []string) []byte {
	if len(ids) == 0 {
		return dst
	}
	dst = append(dst, `{"name":"`...)
	dst = append(dst, name...)
	dst = append(dst, `","user_ids":[`...)
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strictjson.AppendString(dst, id)
	}
	return append(dst, "]}"...)
}

// appendCacheMiss appends what a joiner of a cache channel gets that keeps
// nothing.
func appendCacheMiss(dst []byte, channel string) []byte {
	dst = append(dst, `{"event":"pusher:cache_miss","channel":`...)
	dst = strictjson.AppendString(dst, channel)
	return append(dst, `,"data":"{}"}`...)
}

// appendCount appends how many subscriptions a channel has.
func appendCount(dst []byte, channel string, n int) []byte {
	dst = append(dst, `{"event":"pusher_internal:subscription_count","channel":`...)
	dst = strictjson.AppendString(dst, channel)
	dst = append(dst, `,"data":"{\"subscription_count\":`...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, `}"}`...)
}

// appendEvent appends a channel event. data is written as a JSON string with
// exactly its bytes; userID only when it is not empty.
func appendEvent(dst []byte, event, channel string, data []byte, userID string) []byte {
	dst = append(dst, `{"event":`...)
	dst = strictjson.AppendString(dst, event)
	dst = append(dst, `,"channel":`...)
	dst = strictjson.AppendString(dst, channel)
	dst = append(dst, `,"data":`...)
	dst = strictjson.AppendString(dst, data)
	if userID != "" {
		dst = append(dst, `,"user_id":`...)
		dst = strictjson.AppendString(dst, userID)
	}
	return append(dst, '}')
}
