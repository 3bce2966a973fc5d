// Package wire is the conformance suite's own client code: RFC 6455 frames,
// HTTP/1.1 requests and Pusher signatures over plain TCP, on the standard
// library alone.
//
// It shares no line with the server, so that a mistake in one cannot hide in
// the other, and it is strict: an answer that only a forgiving client would
// take is an error here. It checks framing and nothing above it; what a
// message means is judged by the suite.
//
// A value of this package belongs to one goroutine at a time.
package wire
