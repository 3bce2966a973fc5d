// Package engine moves bytes between sockets and protocols on event loops. It
// speaks HTTP/1.1 and WebSocket (RFC 6455) on one port and knows no channels,
// apps or messages. It is the only package that imports gnet.
//
// # Loops
//
// A Server runs one Loop per core. Each has its own listening sockets
// (SO_REUSEPORT), its own connections, and one goroutine, which alone touches
// them: loop-owned state has no locks. Race builds check it (Loop.check). Sockets
// that were inherited listening are shared by the loops (inherited_linux.go).
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
// Bytes enter at Loop.Ingest and leave through Transport.Send. What can't be used
// yet waits in the connection's inbound record, which idle connections do not have.
//
// Connections to Config.TLSAddrs begin with a TLS handshake (hello.go), which
// crypto/tls makes on a goroutine of its own; so many at a time compute, so many wait
// for their peers (handshakes.go). Then records are opened where bytes enter and
// sealed where a batch is collected (secure.go); all between knows nothing of TLS.
// What of a sealed batch a socket does not take stays sealed, before the queue of
// frames. Ciphers that were not used for a minute are dropped and made anew when
// they are needed.
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
// # Handing over
//
// Conn.State writes a connection down and Conn.Adopt goes on with it, in another
// process for one, so that the peer can't tell: with the byte streams, the time-outs,
// and of a slow client with what may be dropped, and when. A frame is written down once,
// however many wait for it (FrameWriter), and shared by as many again (FrameReader).
// All of it is plain data for encoding/gob, whose fields are never renamed and never
// change their meaning, and zero is as before a field was there.
//
// A parked request, a TLS handshake under way and a receiver that has not heard of the
// end yet stay where they are: State says so, and each is over soon. A socket that was
// taken over has a connection that waits for its state (Newcomer.TakenOver). Adopt sends
// nothing and calls nobody: that begins with the loop's next turn, and by then the loop
// before must have had its last.
//
// Sockets go ahead while the server serves: Server.Lend copies their descriptors
// (lend_linux.go), and Server.Enrol has the loops of a server that is Late take them in,
// silent (enrol_linux.go). Then Server.Hold keeps the loops from I/O until nothing is on
// its way inside (hold.go), states are written down and adopted, and the last word
// decides: Hold.Release, and nothing has happened; or Hold.Abandon here, and Conn.Wake
// and Server.Serve there.
//
// # The end
//
// A server ends in three steps: StopListening gives the ports to others,
// Farewell sends WebSocket clients away at a pace (farewell.go), and Shutdown ends
// what is left and the loops. The first two are politeness: Shutdown alone does
// everything, at once.
//
// # Memory
//
// A connection is a seat in a page (slots.go), its session and what gnet and
// the kernel keep of it. Pages that are empty, and what a burst has taken, are
// given back. When a storm of connects or leaves is over, and once a minute
// while there is little to do, garbage is collected and memory returned to the
// system (lull.go, garbage.go).
//
// # Figures
//
// Loops count in plain numbers of their own and show them once a turn
// (Server.Stats). They read the clock at both ends of a pass, for how busy they
// are; when a delivery is posted; and once for each batch of sends, for how long
// deliveries were on their way (flights.go). A tick that comes late is a loop that
// stood still (stall.go, Server.Stalled).
//
// # Goroutines
//
//   - one per loop, gnet's: serves I/O and turns.
//   - gnet's main goroutine (sockets.serve), and its ticker, which posts the
//     clock to the loops once a second.
//   - the writability poller (poller.run).
//   - one per TLS handshake that has begun and is not over, Config.HandshakesOpen and
//     Config.Handshakes at most (handshakes.run).
//   - the dispatcher of the worker pool (workers.dispatch), up to
//     Config.Workers workers, and two housekeepers of package ants; two more
//     of those belong to a pool that gnet makes when it is imported, where a
//     worker and one of ours (sockets.wait) hang each loop's bell at its first
//     connection.
//
// Outside the engine, command fanfare has one that does what is due every second,
// one that watches the files of the configuration, with one of package fsnotify,
// one that reloads them, one that writes the log (cmd/fanfare/logs), one that
// looks out for loops that stand still (cmd/fanfare/flight), one per metrics
// address, one for the control socket, one that keeps a service manager informed
// (cmd/fanfare/systemd), one that waits for signals, one that reports how far a
// drain is, and one that waits for the end of a process that is to take over, beside those that net/http starts for who asks. Where TLS is on there are as many
// more for the files of the certificates, one that warns of their end, and one that
// asks a certificate authority. Packages channels/webhooks and
// channels/apps/database list theirs. Timers of cmd/fanfare/logs, of channels/linger
// and of sessions that owe an authorization or were handed over (protocol/pusher) run
// functions for moments.
// All other packages of channels and protocol start none.
package engine
