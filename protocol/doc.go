// Package protocol is where wire words become calls on channels. It holds
// what all wire protocols share: the contract that a protocol fulfils and the
// Mux that finds one by path (protocol.go, mux.go), the adapter that carries
// a channel's messages to connections (fanout.go), the node's directory of
// socket ids (socketid.go), the requests that wait for their app's record
// (lookups.go), and the session record (session.go), which may or may not have
// a socket at the moment.
//
// Each protocol is a folder of its own. The package speaks no wire format
// itself and holds no application's secrets.
package protocol
