// Command soak runs a real server under mixed load for a long time, while faults
// are injected, and shows that nothing is lost, repeated, reordered or leaked.
// What it found goes to bench/results/soak-DATE.md, .json and .svg; it ends with
// status 1 when a claim does not hold. It is started at the top of the checkout:
//
//	make soak                    # half an hour
//	make soak SOAKTIME=5m
//
// # Who does what
//
//   - fanfare serve, a process, with apps in both files, webhooks kept on disk,
//     and channels of every slow-consumer policy.
//   - Crowds, processes of this program (package crowd): clients that check
//     everything they get (package account), one crowd for each way in which
//     clients are maltreated.
//   - In this process: publishers (package press), the webhooks' receiver (package
//     inbox), a TCP proxy that some clients and a publisher come through (package
//     fault), another that speaks TLS to the server with certificates that are
//     replaced (package authority), a watch that reads the server's memory,
//     descriptors, goroutines and metrics, and the director, who injects the
//     faults of a seeded plan (package accident).
//
// # Upgrades
//
// Every five minutes another process takes the server's place (fanfare upgrade),
// whatever goes wrong at that moment, and with the connections that are behind a
// fault. It is an accident that explains nothing: neither may a connection end for it,
// nor an attempt fail, nor a publisher stay without an answer. So all claims are about
// a line of processes, each the other's successor: none may need more than its
// predecessor did. While the configuration is broken an upgrade is asked for, too, and
// has to be called off.
//
// # The books
//
// An accident is declared: it says when it began and ended, whom it may hit and
// with which codes connections may end. Every connection that ends, and every
// attempt that fails, must be explained by one. Around such an end a subscriber
// may lack what was published while it was away, and nothing else; see package
// account. Messages dropped by a slow-consumer policy must be found in the
// server's own counters, and only clients that were slow may lack any.
//
// Publishes that are answered with 200 must arrive. Those that are refused, of
// which some are made on purpose, must reach nobody. Those without an answer
// may arrive, once.
//
// # The net
//
// Where it may, as root or in a user namespace, all this runs in a network
// namespace of its own, which ends with it. There one crowd lives behind a veth
// link whose rate is lowered with a token bucket (tc-tbf(8)), so that the
// server's own TCP feels it; elsewhere it is on the loopback, and the result says
// so.
package main
