// Command run measures the Fanfare of this checkout and writes the result to
// bench/results/DATE.md. It is what `make bench` starts, from the top of the
// checkout:
//
//	go run ./bench/run [-rounds 3] [-scenario fanout] [-out FILE]
//
// It builds the server and the C program of bench/limit, runs each on one
// core and the load on another, ours and the limit in turn, three rounds of
// all scenarios, each against a fresh process, and prints medians next to the
// numbers to hold. It needs Linux, two cores and a C compiler.
package main
