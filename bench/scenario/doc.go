// Package scenario holds what is measured: each scenario opens connections to
// a server, does one thing with them for a while, checks that nothing was lost
// or out of order, and tells what that cost the server.
//
// A scenario leaves nothing behind but a server that has worked: memory
// figures want a fresh process each time. It runs on the calling goroutine and
// starts none.
package scenario
