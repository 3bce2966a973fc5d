// Package doctor is the command that tells whether a machine can carry the
// connections that a server on it is to have: it reads the machine (package
// machine), judges each setting for that number, counts the memory, and names the
// limit that is hit first. It changes nothing by itself; --fix writes files for an
// operator to look at.
//
// A check is in here when something is known to fail or to cost without it, and it
// says what. What lists of settings on the web have besides is left out, because
// nothing of a server like this one depends on it:
//
//   - tcp_tw_reuse and tcp_fin_timeout: what waits after a close holds no
//     descriptor, and no port of a server; both are about connections that a
//     machine opens.
//   - net.core.rmem_max and wmem_max: they bound SO_RCVBUF and SO_SNDBUF, which
//     this server never sets.
//   - tcp_slow_start_after_idle, initial windows: an event is a few packets.
//   - netdev_max_backlog: it bounds packets that one processor passes on to
//     another, not connections.
//   - tcp_keepalive_*: the server finds dead clients by pings of its own.
//   - vm.max_map_count: 15,000 connections made 80 mappings of the 65,530 that
//     there may be.
package doctor
