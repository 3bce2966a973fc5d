// Command run measures the Fanfare of this checkout. It is what `make bench`
// starts, from the top of the checkout:
//
//	go run ./bench/run [-rounds 3] [-scenario 'fanout|api'] [-duration 3s]
//
// It builds the server and the C program of bench/limit, runs each on one core
// and the load on another, ours and the limit in turn, in rounds, each time as
// a fresh process, and sets medians next to the numbers to hold. A run of the
// whole set writes bench/results/DATE.md with its pictures, the same as JSON,
// and the table in the README. It needs Linux, two cores, a C compiler, and
// 20,000 descriptors.
//
// What is measured is data: plan.go and its kin list measurements, each with
// trials (a scenario against a program) and lines (the figures that come of
// them, with their bounds). To add one, add it there.
package main
