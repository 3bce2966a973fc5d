package engine

import (
	"fmt"
	"log/slog"
	"time"

	"fanfare/engine/http1"
	"fanfare/engine/tlsconn"
)

// ConnState is what a connection holds besides its socket, written down: what
// another connection, or another process, needs to go on with the byte streams and
// the deadlines where this one stopped, so that the peer can't tell. Plain data that
// travels between versions: the zero value of every field is as before it existed. Gob
// leaves what is zero as it finds it, so each is to be decoded into one of its own.
type ConnState struct {
	Stage Stage `json:"stage,omitempty"`

	Input    []byte `json:"input,omitempty"`     // bytes read and not used yet: half a frame, head, header or record
	InputAge uint32 `json:"input_age,omitempty"` // seconds since what is unfinished began
	Reader   []byte `json:"reader,omitempty"`    // a message of which some fragments came
	Most     int    `json:"most,omitempty"`      // bytes of one message; 0: Config.MaxMessage

	Idle   int  `json:"idle,omitempty"`   // seconds of silence before Receiver.Idle
	Due    int  `json:"due,omitempty"`    // seconds until the time-out that runs; 0: none does
	Pinged bool `json:"pinged,omitempty"` // a ping is out and nothing has come since

	// What waits for the socket, in this order: SecureState.Output; the frames of
	// these numbers, of the first of which so many bytes are sent. Stalled is since
	// when the socket takes no more; 0: it does.
	Waiting []uint32      `json:"waiting,omitempty"`
	Sent    int           `json:"sent,omitempty"`
	Stalled time.Duration `json:"stalled_ns,omitempty"`
	Frames  *FrameBook    `json:"frames,omitempty"` // the book of this connection alone, if it has one

	Request *RequestState `json:"request,omitempty"` // of StageHTTP

	Surplus      bool  `json:"surplus,omitempty"`       // it came over Config.MaxConnections
	AwaitsProxy  bool  `json:"awaits_proxy,omitempty"`  // it is to begin with a PROXY header
	Cause        Cause `json:"cause,omitempty"`         // why it ends, of StageClosing and StageLingering
	PeerClosed   bool  `json:"peer_closed,omitempty"`   // the peer's close frame came
	HalfShutDown bool  `json:"half_shutdown,omitempty"` // ours of the socket's halves

	Secure *SecureState `json:"secure,omitempty"` // of a connection by TLS to us

	Client string `json:"client,omitempty"` // "ip:port" that a PROXY header named
	TLS    bool   `json:"tls,omitempty"`    // the client came by TLS
}

// Stage is where a connection stands. It travels: the numbers keep their meaning.
type Stage uint8

// The stages. While a request is parked, or a TLS handshake under way, a connection
// can't be written down.
const (
	StageOpen      Stage = iota // upgraded
	StageHTTP                   // reading a request, or waiting for one
	StageClosing                // our close frame is out, or waits; the peer's is to come
	StageLingering              // sending what is left, then waiting for EOF
	StageHello                  // a TLS handshake is to come
	stages
)

var stageStates = [stages]state{stateOpen, stateHTTP, stateClosing, stateLingering, stateHello}

// RequestState is what is known of an HTTP request under way, and of the one before
// as long as there is none. Plain data that travels between versions.
type RequestState struct {
	Head    []byte            `json:"head,omitempty"` // of a request whose body is not complete; else empty, and so is
	Body    []byte            `json:"body,omitempty"` // the body as far as it came,
	Limit   int               `json:"limit,omitempty"`
	Chunked bool              `json:"chunked,omitempty"`
	Chunks  http1.ChunksState `json:"chunks"`

	Answered  bool `json:"answered,omitempty"`
	KeepAlive bool `json:"keep_alive,omitempty"`
	HeadOnly  bool `json:"head_only,omitempty"` // its method is HEAD
	HTTP10    bool `json:"http10,omitempty"`
	Continued bool `json:"continued,omitempty"` // 100 Continue was sent
}

// SecureState is the TLS of a connection written down. It is secret.
type SecureState struct {
	tlsconn.State
	Input  []byte `json:"input,omitempty"`  // the beginning of a record
	Output []byte `json:"output,omitempty"` // records to be sent before all else
}

// String implements fmt.Stringer. It has neither messages nor secrets, as JSON does.
func (s ConnState) String() string {
	return fmt.Sprintf("connection (stage %d, client %q, TLS %v, %d bytes in, %d frames out)",
		s.Stage, s.Client, s.TLS, len(s.Input)+len(s.Reader), len(s.Waiting))
}

// GoString implements fmt.GoStringer.
func (s ConnState) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s ConnState) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String implements fmt.Stringer. It has nothing of what the request says.
func (r RequestState) String() string {
	return fmt.Sprintf("request (%d bytes of head, %d of body)", len(r.Head), len(r.Body))
}

// GoString implements fmt.GoStringer.
func (r RequestState) GoString() string { return r.String() }

// LogValue implements slog.LogValuer.
func (r RequestState) LogValue() slog.Value { return slog.StringValue(r.String()) }

// State writes the connection down. It goes on as before, and must not go on to
// send once another does. frames is the book of what waits for all of them; nil gives
// the connection one of its own. ok is false as long as the connection is in the middle
// of something that can't be written down: a request is parked, a TLS handshake is
// under way, its receiver is to hear yet that it is closed, or it is about to be gone.
// Each of these ends by itself, in turns of the loop.
func (c *Conn) State(frames *FrameWriter) (s ConnState, ok bool) {
	c.loop.check()
	if !c.still() {
		return ConnState{}, false
	}
	s = ConnState{
		Stage: c.stage(), Most: int(c.most), Idle: int(c.idle), Due: c.left(), Pinged: c.has(flagPinged),
		Surplus: c.has(flagSurplus), AwaitsProxy: c.has(flagProxyHeader),
		Cause: c.cause, PeerClosed: c.has(flagPeerClosed), HalfShutDown: c.has(flagFin),
		TLS: c.OverTLS(),
	}
	if c.has(flagNamed) {
		s.Client = c.Remote()
	}
	if c.has(flagSealed) {
		s.Secure = &SecureState{State: c.loop.secureOf(c).conn.State()}
	}
	if c.state == stateHTTP {
		s.Request = c.requestState()
	}
	if c.in != nil {
		s.writeInput(c.in, c.loop.now)
	}
	if c.q != nil || c.loop.slots.out(c.slot).run != 0 {
		s.writeOutput(c, frames)
	}
	return s, true
}

// still tells that the connection can be written down.
func (c *Conn) still() bool {
	switch c.state {
	case stateFree, stateAwaiting, stateParked, stateDead:
		return false
	case stateHello:
		return c.loop.secureOf(c).hello == nil
	}
	return !c.has(flagBatch) && (!c.has(flagLeaving) || c.has(flagClosedTold))
}

func (c *Conn) stage() Stage {
	for stage, state := range stageStates {
		if state == c.state {
			return Stage(stage)
		}
	}
	panic("engine: a connection that is not still has no stage")
}

// left is in how many seconds the time-out is due; 0: there is none.
func (c *Conn) left() int {
	due := *c.loop.slots.due(c.slot)
	if due == 0 {
		return 0
	}
	return max(1, int(int32(due-c.loop.now)))
}

func (c *Conn) requestState() *RequestState {
	r := &RequestState{
		Answered: c.has(flagAnswered), KeepAlive: c.has(flagKeepAlive), HeadOnly: c.has(flagHead),
		HTTP10: c.has(flagHTTP10), Continued: c.has(flagContinued),
	}
	if in := c.in; in != nil && in.onBody {
		r.Head, r.Body = append(r.Head, in.head...), append(r.Body, in.body...)
		r.Limit, r.Chunked, r.Chunks = in.limit, in.chunked, in.chunks.State()
	}
	return r
}

func (s *ConnState) writeInput(in *inbound, now uint32) {
	s.Input, s.InputAge = append(s.Input, in.buf...), now-in.since
	s.Reader = in.reader.AppendState(nil)
	if s.Secure != nil {
		s.Secure.Input = append(s.Secure.Input, in.sealed...)
	}
}

func (s *ConnState) writeOutput(c *Conn, frames *FrameWriter) {
	if frames == nil {
		frames = &FrameWriter{}
		defer func() { s.Frames = new(frames.Book()) }()
	}
	frames.mu.Lock()
	defer frames.mu.Unlock()
	l := c.loop
	if c.q == nil {
		l.runs.each(l.slots.out(c.slot).run, func(f *Frame) { s.Waiting = append(s.Waiting, frames.writeLocked(l, f)) })
		return
	}
	s.Sent, s.Stalled = c.q.off, time.Duration(max(1, l.clock()-c.q.since))
	if len(c.q.rest) > 0 {
		s.Secure.Output = append(s.Secure.Output, c.q.rest...)
	}
	s.Waiting = make([]uint32, 0, c.q.n)
	c.q.each(func(_ uint32, f *Frame) { s.Waiting = append(s.Waiting, frames.writeLocked(l, f)) })
}
