// Package account checks what a subscriber gets while connections are cut and
// servers restarted: everything once, in order, and without a gap but those
// that a reconnect explains.
//
// Every message bears a Stamp: its number within its source, when it was sent,
// and which earlier message of the source is certain, because the server has
// answered for it. So a subscriber can judge by itself, at once, whether what
// it lacks had to reach it, and whole fleets need to agree on nothing but the
// clock. Times are of CLOCK_MONOTONIC, which all processes of a machine share.
//
// A Stream is one subscriber's view of one source. It survives reconnects: a
// message from before one that comes after it is a repetition.
//
// What a publisher was not answered for is uncertain: it may arrive, once. If
// the answer was a refusal it must not arrive at all; Stream tells which
// uncertain messages came, for somebody to compare who knows the refused ones.
//
// Everything here is for one goroutine.
package account
