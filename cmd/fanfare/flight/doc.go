// Package flight keeps what the process was doing while an event loop stood
// still, so that somebody can look at it afterwards: the stacks of all
// goroutines, and the last seconds before as an execution trace
// (runtime/trace.FlightRecorder), which costs something all the time and is
// therefore asked for.
//
// A Recorder is told by its owner which loop stands still; it asks every quarter
// of a second. It keeps the newest four stalls in memory, at most 1 MiB of stacks
// and 16 MiB of trace each, and takes at most one a minute. Nothing is written to
// disk: the folder may be read-only, and a server in trouble should not fill it.
//
// All methods of a Recorder that runs may be called from any goroutine.
package flight
