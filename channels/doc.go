// Package channels knows who is in which room: the registry of channels, their
// subscribers, presence, and the order of their messages. It owns no sockets
// and speaks no wire format; a protocol stands on it and lends it two things,
// a [Mailbox] for every event loop and a [Sink] for every wire format.
//
// # The order of things
//
// All that happens on a channel is put in one order by the channel's own short
// lock. Under it a message gets the channel's next serial and is posted to
// every loop that has subscribers, once per loop and wire format, never once
// per subscriber. A join is put in the same order: while the lock is held, the
// joiner is counted and a marker goes into its loop's mailbox. The loop adds
// the joiner to its list when it comes to the marker. Mailboxes are first in,
// first out, so a message posted before the marker is not for the joiner and
// every later one is; the presence snapshot that travels with the marker is
// the truth of exactly that moment. Nobody compares serials per delivery.
//
// # What a channel keeps
//
// The last message that asks to be kept is replayed to those who join later and
// ask for it (cache.go). It expires, and all of them together are bounded. The
// members of a presence channel lie in blocks (members.go) that never change:
// who comes or goes makes one new block, so a snapshot costs nothing, and a wire
// format encodes a block once for all who join. A channel may tell its
// subscribers how many they are (tally.go).
//
// What happens on channels is told to a [Witness], in its order: webhooks, and
// those who watch users, live on that.
//
// # Who may call what
//
// Subscribe, Unsubscribe, Return, Confirm and Run belong to the loop that the
// subscriber lives on: the lists of subscribers are touched by that loop alone and have no lock.
// Publish, PublishAll and the queries may be called from any goroutine. Nothing
// here starts a goroutine or waits for anything but a short lock; somebody calls
// Tick every second for what is due.
//
// # A new process
//
// What channels hold beside their subscribers can be written down and taken up
// in another process, to which the subscribers return of whom nobody is to hear
// that they were away (state.go, return.go): Export there; here Import, then Return for
// every subscriber on its loop, then Settle. Handles and places may be others.
//
// # The registry
//
// A channel is found by app and name, so an app cannot reach another's
// channels. The registry is 64 lock-free maps; xxhash of app and name, salted
// per process, chooses the map and is its key. Channels with equal hashes hang
// together in a chain and are told apart by their names, so a collision costs
// time and is never a mix-up. There are many maps because a map that grows is
// copied by the goroutine that hit the limit, which is a loop: with a million
// channels one map would be copied in one pause, a 64th of it goes unnoticed.
// There are not more because each, however empty, keeps buckets of its own.
//
// A channel exists while it has subscribers, or keeps a message. One with a single subscriber is
// the common case and takes about 320 bytes, subscription and name included.
package channels
