// Package api is the signed HTTP API of the Pusher protocol, which an
// application's servers publish through and ask who is there:
//
//	POST /apps/ID/events                publish one event on up to a hundred channels
//	POST /apps/ID/batch_events          publish several events, all or none
//	GET  /apps/ID/channels              the occupied channels
//	GET  /apps/ID/channels/NAME         one channel
//	GET  /apps/ID/channels/NAME/users   the members of a presence channel
//	GET  /apps/ID/connections           how many connections the app has open
//
// # The way of a request
//
// A path that is not there is answered 404 and a wrong method 405, to anybody.
// Then the app is looked up, the signature checked in the order and words of
// the vendor's own verifier, and only who has signed learns that an app is
// disabled. Everything that is refused gets a sentence of plain text that says
// what would be right; every answer of this package may be read by any page
// (CORS).
//
// # Where it runs
//
// Publishing and questions about one channel run on the connection's loop and
// wait for nothing. Questions that walk through many channels or members run on
// the worker pool, as does the look-up of an app that the store has to wait
// for; meanwhile the request is parked, and how many may wait is bounded.
//
// # What is accepted
//
// JSON is read strictly (RFC 8259): what a subscriber gets has to be text that
// every client understands, so bad escapes, control characters in strings,
// halves of surrogate pairs and bytes that are no UTF-8 are refused rather than
// repaired. Of members that are given twice the first counts; unknown ones are
// ignored; null is as good as absent, except for data.
//
// Parameters of a POST are read from its body only; events for signed-in users,
// the last event of a cache channel, ending a user's connections and the
// deprecated paths are answered 501 by a sentence.
package api
