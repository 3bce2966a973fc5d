// Package certs makes the *tls.Config that TLS connections are served with: it has
// certificates from files and from an ACME authority (package issuer), chooses among
// them by the name that a client asks for, and replaces them while connections go
// on.
//
// # Choice
//
// The name in the ClientHello (SNI, RFC 6066 section 3) is looked up among the
// certificates' exact names, then among their wildcards, which stand for one label.
// Clients that send no name, as those do that connect to an address, and clients
// with a name that no certificate has are served with the first one. Of several
// certificates for one name those go first that are valid now, then ECDSA before
// RSA, whose handshakes cost a server four times as much, then those that last
// longer; the first is taken that the client can verify.
//
// # Replacement
//
// The choice is an immutable table behind an atomic pointer: handshakes take no lock,
// parse nothing and allocate nothing here. Reload reads changed files and puts a new
// table there. Files that can't be used, such as a half-written pair, change nothing:
// the pair that was there stays in force. The tls.Config itself is one for the life of
// a Store, so that session tickets stay good and clients resume across a reload.
//
// # Goroutines
//
// Run is for one, which is the caller's. All other methods may be called by any; those
// that the tls.Config refers to are called by handshakes. A handshake never waits for
// a certificate: it would keep a worker from the authority's handshake, for which
// everybody waits. No other goroutine is started.
package certs
