// Package proxyproto reads the header with which a proxy begins a connection that it hands through, to say whose it is:
// the PROXY protocol, versions 1 and 2, as HAProxy's proxy-protocol.txt defines it.
//
// [Parse] is pure: it owns no socket, buffer or goroutine, and anybody may call it. It looks at what has arrived so far
// and says how much of it the header is, so the loop can call it again when more has come; what follows the header is
// left alone.
//
// A header is only worth reading from a peer that may be believed: [Trusted]. Whoever is believed must send one, and is
// refused without; everybody else's bytes are never taken for one. The specification demands both (section 2): a
// receiver that guesses lets any client say that it is another.
//
// The package is no writer, and does not speak to Unix sockets or datagrams: a header about one is accepted and says
// nothing.
package proxyproto
