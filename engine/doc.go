// Package engine moves bytes between sockets and protocols on event loops. It
// speaks HTTP/1.1 and WebSocket (RFC 6455) on one port and knows no channels,
// apps or messages. It is the only package that imports gnet.
//
// # Loops
//
// A Server runs one Loop per core. Each has its own listening sockets
// (SO_REUSEPORT), its own connections, and one goroutine, which alone touches
// them: loop-owned state has no locks. Race builds check it (Loop.check).
//
// A turn of a loop is: serve I/O (gnet calls Ingest for every readable
// socket), run control tasks, send replies, run a batch of deliveries, send a
// slice of the broadcasts, tell receivers of connections that ended, close
// sockets. Callbacks only mark: no socket is written to or closed inside
// another connection's callback.
//
// The rules for everything that runs on a loop:
//
//   - It never waits: no DNS, file, database, HTTP call or contended lock. Such
//     work goes to Server.Submit and comes back with Loop.Post.
//   - The one way onto a loop is its mailbox: Loop.Post for control work,
//     Loop.Reserve and Loop.PostDelivery for messages. Post order is run order.
//   - Other goroutines, and anything that comes back later, name a connection
//     by its Handle and ask Loop.Conn for it, which gives nil when it is gone.
//   - Bytes handed to a callback are borrowed until it returns.
//   - A panic costs the connection that was being served. It is counted and
//     logged with its stack.
//
// # Bytes in, bytes out
//
// Bytes enter at Loop.Ingest and leave through Transport.Send: TLS has its
// place there. What can't be used yet waits in the connection's inbound record,
// which idle connections do not have.
//
// Where Config.ProxyProtocol is on, a connection from one of
// Config.TrustedProxies begins with a PROXY header (client.go), within the time
// that there is for the first request. Whom it names is kept beside the records
// of the page, in 18 bytes a seat, once a page has had one: Conn.Client.
//
// Outbound frames are shared by all connections they go to. What waits for a
// connection that keeps up is one number, a run of frames (runs.go); a flush
// sends each connection its run with one send, and the sends of 64 connections
// with one system call where the kernel offers io_uring (ring_linux.go).
//
// A socket that takes no more gets a bounded queue of references
// (Config.QueueBytes, QueueFrames, QueueAge) and is watched by a poller of our
// own. What becomes of a frame there is the frame's Rule: never dropped, dropped
// oldest first, or replaced by a newer one of its topic; when nothing may be
// dropped any more the connection is closed. All such queues together have a
// budget (Config.QueueBudget), and the oldest goes first when it is used up.
// What is read and unfinished has a budget too (Config.InputBudget).
//
// # Memory
//
// A connection is a seat in a page (slots.go), its session and what gnet and
// the kernel keep of it. Pages that are empty, and what a burst has taken, are
// given back. When a storm of connects or leaves is over, and once a minute
// while there is little to do, garbage is collected and memory returned to the
// system (lull.go, garbage.go).
//
// # Goroutines
//
//   - one per loop, gnet's: serves I/O and turns.
//   - gnet's main goroutine (sockets.serve), and its ticker, which posts the
//     clock to the loops once a second.
//   - the writability poller (poller.run).
//   - the dispatcher of the worker pool (workers.dispatch), up to
//     Config.Workers workers, and two housekeepers of package ants; two more
//     of those belong to a pool that gnet makes when it is imported, where a
//     worker and one of ours (sockets.wait) hang each loop's bell at its first
//     connection.
//
// Outside the engine, command fanfare has one that does what is due every second,
// one that watches the files of the configuration, with one of package fsnotify,
// one that reloads them, and one per metrics address, beside those that net/http
// starts for scrapes. Packages channels/webhooks and channels/apps/database list
// theirs. Timers of channels/linger and of sessions that owe an authorization or
// were handed over (protocol/pusher) run functions for moments.
// All other packages of channels and protocol start none.
package engine
