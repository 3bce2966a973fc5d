// Package protocol is where wire words become calls on channels. It holds
// what all wire protocols share: the Mux that finds a protocol by path (mux.go)
// and the words for a shutdown (goodbye.go), the adapter that carries a
// channel's messages to connections (fanout.go), the node's directory of
// socket ids (socketid.go), the requests that wait for their app's record
// (lookups.go), and the session record (session.go), which may or may not have
// a socket at the moment, with its subscriptions (subscriptions.go) and its
// rate limit (bucket.go).
//
// Below it, gate knows who is calling, through proxies that are trusted, and how
// many connections a caller may have. borrow looks at bytes without copying them, and copies what is to
// be kept; strictjson reads JSON as RFC 8259 has it and writes strings.
//
// Each protocol is a folder of its own: an engine.Handler that the Mux gives
// its paths to, and a channels.Sink. So far there is pusher: pusher itself
// speaks on the WebSocket, pusher/api serves its signed HTTP requests,
// pusher/auth and pusher/names judge signatures and names, and pusher/tenant
// has what a loop keeps at hand of an app. The package speaks no wire format
// itself and holds no application's secrets.
package protocol
