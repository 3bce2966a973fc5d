// Package scenario says what a scenario is, what it is told, and what it gives.
// Each is a package beneath this one, called by its name on the command line:
// it opens connections to a server, does one thing with them for a while,
// checks that nothing was lost or out of order, and tells what that cost the
// server. They all run on package course.
//
// A scenario leaves nothing behind but a server that has worked: memory
// figures want a fresh process each time. It runs on the calling goroutine and
// starts none.
package scenario
