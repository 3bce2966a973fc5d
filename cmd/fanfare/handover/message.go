package handover

import "time"

// Talk is the version of what the processes say to each other, and State of what
// the streams say. They are raised when another version could not make sense of it.
const (
	Talk  = 1
	State = 1
)

// Message is one of the parts of the talk; the others are nil.
type Message struct {
	Offer    *Offer
	Hello    *Hello
	Refusal  *Refusal
	Loans    *Loans
	Taken    *Taken
	Ahead    *Streams // as far as it has been written down while clients are served
	Streams  *Streams
	Prepared *Prepared
	Go       *Go
	Serving  *Serving

	CalledOff *CalledOff
}

// Offer is the first word: what the old process has. A listening socket comes with
// it for each of Sockets; where these or the secrets are too many for one message, more
// follow that have the rest (More).
type Offer struct {
	Talk, State int
	Version     string
	PID         int
	Check       bool // nothing is handed over: only whether it could be
	Connections int
	Address     Address
	Sockets     []Socket
	Secrets     []AppSecrets
	More        bool
}

// Address is where the old process serves by its configuration, whoever made its
// sockets.
type Address struct {
	Host    string // server.host
	Port    int    // server.port
	TLSPort int    // tls.port; 0: any, or no TLS
}

// Socket is one that listens.
type Socket struct {
	Addr    string // host:port
	TLS     bool
	Private bool // the operator's
}

// Hello is that the new process can take over what was offered.
type Hello struct {
	Version, Commit string
	PID             int
	Loops           int
	MaxConnections  int
	InParts         bool // it takes Message.Ahead, and more than one book in the stream of frames
}

// Refusal is that it can't, and a sentence that says why.
type Refusal struct{ Reason string }

// Loans are connections, by their handles in the old process. A descriptor comes
// with each. Last is that no more come before the streams. Apps are ids that the new
// process will need to know.
type Loans struct {
	Handles []uint64
	Apps    []string
	Last    bool
}

// Taken answers Loans, and Ahead.
type Taken struct{ Connections int }

// Streams are files in memory that come with the message, of what was written down:
// the node's first, and one for each loop.
type Streams struct {
	Names []string
	Bytes int64
}

// Prepared is that all of it was taken up, and that the next word decides.
type Prepared struct {
	Connections int
	Sessions    int
	Lost        int // of the connections, those that could not be taken up, and will be told so
}

// Go is that the new process owns everything, and what the hand-over has come to until
// here.
type Go struct{ Summary Summary }

// Summary is what a hand-over came to.
type Summary struct {
	FromPID, ToPID         int
	FromVersion, ToVersion string

	Connections int           // that moved
	Cut         int           // that ended, because they could not be written down or taken up
	Bytes       int64         // of state
	Frozen      time.Duration // that clients heard nothing
	Took        time.Duration // from the start of the new process until it served
}

// tenth of a millisecond.
const tenth = 100 * time.Microsecond

// Attrs are for the line that both logs have, alike.
func (s Summary) Attrs() []any {
	return []any{
		"from_pid", s.FromPID, "to_pid", s.ToPID, "from_version", s.FromVersion, "to_version", s.ToVersion,
		"connections", s.Connections, "cut", s.Cut, "state_bytes", s.Bytes, "frozen", s.Frozen.Round(tenth).String(), "took", s.Took.Round(tenth).String(),
	}
}

// Serving is the last word.
type Serving struct{}

// CalledOff is the old process' last word instead of Go: it serves on. What it is about
// to kill may be a script, of which the new process is a child that lives on.
type CalledOff struct{ Reason string }
