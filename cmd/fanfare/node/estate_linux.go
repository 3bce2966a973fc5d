package node

import (
	"fanfare/channels/users"
	"fanfare/channels/webhooks"
	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/gate"
	"fanfare/protocol/pusher/api"
)

// What a node leaves to its successor: streams (handover.Writer) of values that
// travel between versions by encoding/gob, so that fields keep their names and
// meanings, and zero is as before they existed.
//
//	node        one nodeState
//	frames      engine.FrameBook, what waits for slow connections, each frame once: most
//	            of it in a stream that goes ahead while the old node serves
//	channels N  []channels.AppState
//	loop N      one connState for each connection
const (
	nodeStream     = "node"
	framesStream   = "frames"
	channelsStream = "channels"
	loopStream     = "loop"
)

// nodeState is what a node has beside connections and channels. It travels.
type nodeState struct {
	Hooks *webhooks.State
	Users []users.Lingering
	Gate  gate.State
	Rates []api.RateState

	Upgrades, CalledOff uint64 // of the processes until here, this one included
}

// connState is a connection. It travels.
type connState struct {
	Handle  uint64            // where it came from
	Session *protocol.Record  // nil: it has none, and its state is
	Conn    *engine.ConnState // this
}
