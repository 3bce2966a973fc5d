// Package systemd is the talk between a service and the manager that started it:
// what sd_notify(3) and sd_listen_fds(3) describe, which others than systemd have
// taken over as well. The service tells when it is ready, reloads and stops, and
// shows that it is alive; the manager may hand it sockets that listen already.
//
// Both are a few lines over an interface that systemd promises to keep. The
// library for it, go-systemd, reads the environment of the process, where
// commands here are given theirs, and takes a LISTEN_FDS that can't be read for
// none, so that a server would listen elsewhere than it was told.
//
// Without a manager, that is without the variables that it sets, everything here
// does nothing.
package systemd
