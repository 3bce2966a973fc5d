// Package loadgen is the client side of the benchmarks: it holds thousands of
// connections to a Pusher server, counts what arrives on each of them, and
// publishes signed events. It speaks the Pusher protocol to any server, and
// the bare one of the program in bench/limit.
//
// Everything runs on one goroutine: a Loop is an epoll instance, and Fleets
// (subscribers), Clients (connections that a scenario drives one by one) and
// Publishers wait on it. A connection costs no goroutine, no timer and no
// buffer, and an idle turn no CPU, so that the generator takes less than the
// server that it loads. The clock is read once for each batch of bytes and not
// for each message in it. A scenario is straight-line code that opens things,
// sets timers (Loop.At) and calls Loop.Run until what it waits for has come
// true.
//
// Nothing here may be called by two goroutines at once. Payloads handed to a
// callback are borrowed until it returns.
//
// The Loop needs Linux. The parsers, the Ledger and the Target build
// everywhere.
package loadgen
