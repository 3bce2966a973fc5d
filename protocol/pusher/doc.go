// Package pusher speaks the WebSocket side of the Pusher Channels protocol,
// versions 4 to 7. The HTTP API is protocol/pusher/api; what both need to
// check signatures is protocol/pusher/auth.
//
// A Server answers upgrades on /app/KEY (upgrade.go) and gives each accepted
// connection a session (session.go), the engine.Receiver that reads its
// commands (commands.go) and makes them calls on channels
// (subscribe.go, clientevents.go). A user signs in on it (signin.go), is told
// who of its watchlist comes and goes, and may be terminated (users.go); an app
// may demand that everybody shows who they are (authorize.go). Channels speak
// back through the sink (sink.go). Everything of a session is touched by its loop
// only; signature checks alone leave the loop (pending.go), and while one is out
// the connection's later commands wait, so that they take effect in the order
// received. An app's record may be replaced at any time (reload.go): all its
// sessions have the new one from then on.
//
// A session can be written down, and taken up by a server in another process
// (handover.go, resume.go): there Export, here Attach on every loop, while all
// loops are still. It is made for a whole node that moves with all that its
// channels, users and rates hold, so it tells nobody anything.
//
// What a client does wrong is answered in Pusher's own shapes with what would
// be right (errors.go); what is refused for good is closed with a code of the
// 4000 range (close.go).
package pusher
