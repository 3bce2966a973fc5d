// Package logs makes the log of a server that strangers talk to: lines of
// log/slog in which nothing that a peer sends does harm, and which never hold up
// who writes them.
//
// One record is one line. slog quotes line breaks and most else; what it leaves
// that a terminal may take for a command or that turns text around (C1 controls,
// bidirectional marks) is escaped, invalid UTF-8 replaced, and a value of more
// than 8 KiB cut.
//
// Lines are written by a goroutine of the log's own, because the loops log too
// and a pipe may be full: up to 1 MiB waits, then lines are lost, and the log says
// how many. Where the reader has gone, all are; it is the caller's to have SIGPIPE
// ignored. Lines that peers can cause go through a Sampler besides, so that a flood
// of them stays a few lines a second.
//
// Loggers may be used by any goroutine. Close is for the one that called New,
// when nobody logs any more; what comes later is lost.
package logs
