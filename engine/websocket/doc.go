// Package websocket reads and writes RFC 6455 frames for an event loop.
//
// It is pure: bytes in, bytes out. It opens no socket, starts no goroutine, sets no timer and never waits. The caller
// owns every buffer; a Reader belongs to one connection and may be used by one goroutine at a time, which in the
// server is the connection's loop. The Append functions keep no state and may be called from anywhere.
//
// What the peer sends is taken as hostile: everything is refused as soon as the bytes that prove it are there, a
// message too large by its declared length alone, and nothing is allocated on the word of a peer.
//
// The package does not negotiate extensions or subprotocols, does not fragment what it writes, and does not keep the
// state of the closing handshake: after a Close frame or an error the caller answers with AppendClose and reads no
// more.
package websocket
