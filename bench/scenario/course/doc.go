// Package course is what the scenarios run on: connections that are opened and
// missed when they break, feeds of numbered messages that have to reach their
// audience, paced or one after another, probes beside them, and the meter that
// counts and times what is done and what it took the server.
//
// A scenario is a package beside this one, which begins with Start and gets a
// Run. All of it happens on the goroutine that called Start; none is started.
// Nothing here knows any scenario.
package course
