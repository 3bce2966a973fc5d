// Package api is the signed HTTP API of the Pusher protocol, which an
// application's servers publish through and ask who is there:
//
//	POST /apps/ID/events                          publish one event on up to a hundred channels
//	POST /apps/ID/batch_events                    publish several events, all or none
//	GET  /apps/ID/channels                        the occupied channels
//	GET  /apps/ID/channels/NAME                   one channel: its counts, what it keeps
//	GET  /apps/ID/channels/NAME/users             the members of a presence channel
//	POST /apps/ID/users/ID/terminate_connections  end the connections of a signed-in user
//	GET  /apps/ID/connections                     how many connections the app has open
//	POST /apps/ID/channels/NAME/events            publish an event whose data is the body (deprecated)
//	GET  /apps/ID/channels/NAME/stats             the counts of one channel (deprecated)
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
// An event may come as parameters of the query as well, or partly; what is given
// in both places is refused. The signature covers both, the body by its MD5. But
// the vendor has the query signed without its escapes, so that data=a%26name=b and
// data=a&name=b have one signature: who can change a request on its way can move
// such borders, which JSON does not have.
//
// # How much
//
// An app may have limits for what its servers do on this node: events a second,
// counted once for each channel, and questions (GET) a second. Ending a user's
// connections is neither. What is too much is answered 429, with nobody having
// got anything of it, and counted; what could never get through is answered 400.
package api
