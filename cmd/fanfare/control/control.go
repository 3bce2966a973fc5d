// Package control is the control socket of a server, both ends of it: HTTP/1.1
// over a Unix socket by which an operator on the same machine asks how the server
// is, has it drain, reload its apps, or log more.
//
//	GET  /status                   a Status
//	POST /drain?delay=5&time=20    begins a drain, 202; or joins the one under way, 200
//	POST /upgrade?binary=PATH      has another process take over, 202; with check=1 it is only tried
//	POST /reload                   what SIGHUP does, 202
//	GET  /log-level                debug, info, warn or error
//	PUT  /log-level                the same as the body
//
// The socket has mode 0600, and who connects is asked of the kernel besides: the
// server's own user and root are let in. No answer waits for anything, so nobody
// can hold up a server by what he does here.
//
// Any goroutine may call anything here.
package control

import "time"

// Status is what a server says about itself.
type Status struct {
	Phase          string    `json:"phase"` // starting, ready, draining
	Listening      bool      `json:"listening"`
	Connections    uint64    `json:"connections"`
	MaxConnections int       `json:"max_connections"`
	Loops          int       `json:"loops"`
	Addresses      []string  `json:"addresses"`
	Metrics        []string  `json:"metrics_addresses"`
	LogLevel       string    `json:"log_level"`
	Version        string    `json:"version"`
	Commit         string    `json:"commit"`
	PID            int       `json:"pid"`
	Uptime         float64   `json:"uptime_seconds"`
	Drain          *Progress `json:"drain,omitempty"`   // nil before one
	Upgrade        *Upgrade  `json:"upgrade,omitempty"` // nil before one
}

// Progress is how far a drain is.
type Progress struct {
	Step Step    `json:"step"`
	Of   uint64  `json:"of"`              // connections when it began
	Left float64 `json:"at_most_seconds"` // until the process ends
}

// Step is a part of a drain.
type Step string

// The steps of a drain, in their order.
const (
	Waiting Step = "waiting" // for load balancers to notice; newcomers are served
	Closing Step = "closing" // nobody listens, clients are sent away at a pace
	Ending  Step = "ending"  // what is left of connections, and webhooks

	Handing Step = "handing over" // all to a successor, which has everything
)

// Pace is how politely a server goes.
type Pace struct {
	Delay time.Duration // before it stops listening
	Time  time.Duration // over which it sends clients away
}

// maxPace bounds both, as the configuration does.
const maxPace = 24 * time.Hour
