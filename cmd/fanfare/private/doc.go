// Package private serves the operator's port: metrics for Prometheus, profiles
// for `go tool pprof`, and what is known of loops that stood still. It stands on
// net/http and not on an event loop: it must answer when the loops are busy.
//
// # Who may ask
//
// With a token, whoever has it may ask for everything, and nobody else for
// anything. It is the bearer token, or the password of Basic authentication with
// any name, so that browsers, Prometheus and `go tool pprof` can send it.
//
// Without a token, metrics and the index are for whoever reaches the port.
// Profiles and traces, which tell more and cost something, are for this machine
// only: both ends of the connection are loopback addresses, no proxy has handed
// the request on, and the Host header is an address, localhost or the configured
// name, so that no web page gets here by a name of its own that leads to 127.0.0.1
// (DNS rebinding). The latter holds for all that comes over loopback, metrics and a
// proxy's requests too: a page can't choose the Host header, but it can pretend to
// be a proxy. What a page of another site asks a browser to fetch is refused under
// /debug/ in any case.
//
// # What is bounded
//
// Connections (32 for each address; more are closed at once), heads (16 KiB), the
// time to send and to take an answer, the length of a profile (60 s), and how many
// are made at a time (one). There is no request with a body, no cookie, nothing
// that changes the server for longer than the request, and nothing of
// http.DefaultServeMux. The command line is not served: it may hold secrets.
package private
