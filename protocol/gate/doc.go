// Package gate knows who is calling and how many a caller may have: the
// client's address behind proxies, and limits on connections and connects per
// address and per node.
//
// # Who is calling
//
// [Gate.Caller] begins with what the connection says: the socket's peer, or
// whom a PROXY header named (engine.Conn.Client). Only if that address is among
// the trusted proxies does the request's X-Forwarded-For count. It is read from
// the right, where the nearest proxy wrote, and as long as it names trusted
// proxies again: the first address that is not one is the caller. What stands
// left of it anybody may have written. An entry that is no address stops the
// walk where it is. X-Forwarded-Proto tells whether the caller came by TLS; its
// entry is the one as far from the right as the caller's, or the leftmost when
// there are fewer. A trusted proxy must set or append both: what it hands
// through untouched is the client's own word. The Forwarded header (RFC 7239)
// is not read.
//
// # What counts
//
// Limits per address count an IPv4 address, and the /64 network of an IPv6
// address, which is what one customer gets. An address among the trusted
// proxies has no such limit: it is a proxy that named nobody, a health check
// or a machine of one's own, and one of them must not lock out all who come
// through it (Stats.Exempt counts them). Loopback is an address like any other:
// behind a proxy on the same machine it has to be trusted, or all clients count
// as one.
//
// The limit per node holds for everybody. Who is refused has used nothing up,
// so an address that tries too often leaves the node's connects to others.
//
// # Memory
//
// There is one [Seat] per address, however many connections it has. It goes
// when the last of them has and its rate is whole again, within a second;
// whoever is refused gets none. A gate without limits has no seats at all.
//
// Any goroutine may call. Nothing waits but for one of 64 locks, which are held
// for the time of a map access.
package gate
