package control

// Upgrade is what a server says about its last upgrade: the one that it is at, one
// that was called off, or the one by which it came to serve.
type Upgrade struct {
	Step   UpgradeStep `json:"step"`
	Check  bool        `json:"check,omitempty"` // only whether it could be done is asked
	Moved  int         `json:"moved"`           // connections whose sockets the new process has
	Of     uint64      `json:"of"`              // connections when it began
	Reason string      `json:"reason,omitempty"`
	Upgraded
}

// Upgraded is what an upgrade came to.
type Upgraded struct {
	FromPID     int     `json:"from_pid"`
	ToPID       int     `json:"to_pid"`
	FromVersion string  `json:"from_version"`
	ToVersion   string  `json:"to_version"`
	Connections int     `json:"connections"`    // that moved
	Cut         int     `json:"cut"`            // that ended, because they could not
	StateBytes  int64   `json:"state_bytes"`    // of what was written down of them, and of the node
	Frozen      float64 `json:"frozen_seconds"` // in which no client heard anything
	Took        float64 `json:"took_seconds"`   // from the start of the new process until it served
}

// UpgradeStep is a part of an upgrade, or its end.
type UpgradeStep string

// The steps of an upgrade in their order, and its ends.
const (
	Starting UpgradeStep = "starting" // the new process, which reads its configuration
	Moving   UpgradeStep = "moving"   // sockets go ahead, while the old process serves
	Freezing UpgradeStep = "freezing" // nobody serves: what was written down is read

	TakenOver UpgradeStep = "taken over" // said by the new process, which serves
	Checked   UpgradeStep = "checked"    // it could be done
	CalledOff UpgradeStep = "called off" // for a reason; the old process serves
)

// UpgradeRequest is what an operator wants.
type UpgradeRequest struct {
	Binary string // path of the program; "": the one that the server was started from
	Check  bool
}
