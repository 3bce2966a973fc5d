// Package crowd is the clients of the soak: connections that subscribe, check
// what they get, come and go, and come back when they were cut off. A crowd is a
// process of its own, so that it can be stopped (SIGSTOP) and can live in another
// network namespace.
//
// It is told what to do by lines of JSON on its standard input, first a Brief and
// then Commands, and writes Reports to its standard output, one a second or as the
// Brief says. It ends when its input does.
//
// All connections of a crowd are on one loop of package loadgen, and everything
// here runs on its goroutine, but for the reading of the input.
package crowd
