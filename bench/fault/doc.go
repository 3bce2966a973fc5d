// Package fault is a TCP proxy that spoils connections on purpose: it delays
// what passes, lets it trickle, holds it back, and cuts connections in the
// middle of whatever they are saying. It looks at no bytes and changes none,
// so that whatever arrives has arrived as TCP would have it, only later.
//
// A Proxy is controlled while it runs, by any goroutine. Whom a share of the
// connections means is drawn from its seed: the same calls on the same
// connections hit the same ones.
//
// A connection costs four goroutines and at most 256 KiB in each direction.
// The slower side is felt by the faster one, as on the real net: when that
// much waits, nothing more is read.
package fault
