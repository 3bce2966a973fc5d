// Package issuer gets certificates from a certificate authority by ACME (RFC 8555),
// one per name, keeps them in a folder and renews them in time.
//
// The steps of an order are those of package acmez, which is ACME for Caddy. What is
// decided here is when to order, what becomes of a failure, and what is kept.
//
// # When
//
// A name without a certificate is ordered at once, others when the authority
// suggests it (RFC 9773) or, where it does not say, when a third of their life is
// left. After a failure the next attempt is a minute away, later up to six hours:
// authorities count failures and lock names out that have too many. What failed is
// written down, so that a server which is started again and again does not ask each
// time. Handshakes cause no orders.
//
// # Proof
//
// The authority wants to see that the server answers for the name. With
// tls-alpn-01 (RFC 8737) it makes a handshake that TLSChallenge answers, with
// http-01 it fetches a path that HTTPChallenge answers.
//
// # The folder
//
// Config.Dir has a folder for each authority, of mode 0700, and in it
//
//	account.key account.json   who we are there
//	NAME.pem                   the chain and its key, replaced at once
//	NAME.failure               what failed last, until it succeeds
//	challenges/                answers that are awaited at the moment
//
// Several processes, and nodes that share the folder, may use it together: one
// orders at a time (flock), any answers the authority, and all take over what
// another one has got.
//
// # Goroutines
//
// Run is for one, which is the caller's. All other methods may be called by any. No
// other goroutine is started, but for those of net/http while it talks to the
// authority.
package issuer
