package pusher

import (
	"encoding/binary"

	"fanfare/engine"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
	"fanfare/protocol/pusher/tenant"
)

// Consecutive subscribes and sign-ins that need a signature are collected and checked by a
// worker as one job; until it is back, all later commands of the connection
// wait. So commands take effect in the order received. What waits is bounded:
// beyond, and when the pool is full, the loop checks the signatures itself,
// about a microsecond each. No subscribe is refused for load.

const (
	maxCollected = 64 << 10 // bytes of subscribes in one job
	maxWaiting   = 64 << 10 // bytes of messages behind it
)

// wait is what a session has in passing. Owned by the loop.
type wait struct {
	wants     []want // collected, no job yet
	wantBytes int
	job       *check // out; nil when none is
	inline    bool   // catching up: no jobs, the loop checks

	backlog []byte // messages behind the job, each with its length before it
	next    int    // where the oldest of them begins
}

// want is a subscribe or a sign-in, with what it was asked with.
type want struct {
	channel, auth, data string // one string's parts
	hasData             bool
	user                bool // a sign-in: data is the user's
	kind                names.Kind
	no                  *refusal // refused already; its turn to be told will come
}

func wanted(cmd *command) want {
	if cmd.verb == verbSignin {
		return want{user: true, auth: cmd.auth, data: cmd.userData}
	}
	return want{
		channel: cmd.channel, auth: cmd.auth, data: cmd.channelData, hasData: cmd.hasChannelData,
		kind: names.KindOf(cmd.channel),
	}
}

// signed tells that there is a signature to be checked.
func (w *want) signed() bool { return w.user || w.no == nil && w.kind.NeedsAuth() }

// check checks the signature. Any goroutine.
func (w *want) check(keys *tenant.Keys, socketID string) error {
	switch {
	case !w.signed():
		return nil
	case w.user:
		return keys.CheckUser(socketID, w.data, w.auth)
	}
	return keys.CheckChannel(socketID, w.channel, w.data, w.hasData, w.auth)
}

func (s *session) checking() bool { return s.wait != nil && s.wait.job != nil }

func (s *session) collecting() bool { return s.wait != nil && len(s.wait.wants) > 0 }

func (s *session) waiting() *wait {
	if s.wait == nil {
		s.wait = &wait{}
	}
	return s.wait
}

// settled drops wait when it holds nothing.
func (s *session) settled() {
	if w := s.wait; w != nil && w.job == nil && len(w.wants) == 0 && w.next == len(w.backlog) && !w.inline {
		s.wait = nil
	}
}

// receive carries out a message now or in its turn.
func (s *session) receive(c *engine.Conn, text []byte) {
	if s.accept(c, text) || s.wait.push(text) {
		return
	}
	s.catchUp(c, text)
}

// push keeps a copy of a message, and reports false when there is no room.
func (w *wait) push(text []byte) bool {
	if len(w.backlog)-w.next+len(text) > maxWaiting {
		return false
	}
	if w.next > 0 {
		w.backlog = w.backlog[:copy(w.backlog, w.backlog[w.next:])]
		w.next = 0
	}
	w.append(text)
	return true
}

func (w *wait) append(text []byte) {
	w.backlog = binary.LittleEndian.AppendUint32(w.backlog, uint32(len(text)))
	w.backlog = append(w.backlog, text...)
}

// oldest gives the oldest waiting message, borrowed, and where the next
// begins.
func (w *wait) oldest() (text []byte, next int) {
	at := w.next + 4
	next = at + int(binary.LittleEndian.Uint32(w.backlog[w.next:]))
	return w.backlog[at:next], next
}

// collect keeps a subscribe for the next job.
func (s *session) collect(c *engine.Conn, wanted want) {
	w := s.waiting()
	w.wants = append(w.wants, wanted.keep())
	if w.wantBytes += wanted.size(); w.wantBytes > maxCollected {
		s.submit(c)
	}
}

// keep copies what is borrowed from the parser, in one piece.
func (w want) keep() want {
	w.channel, w.auth, w.data = borrow.Keep(w.channel, w.auth, w.data)
	return w
}

// size counts a want and its place in the list.
func (w *want) size() int { return 128 + len(w.channel) + len(w.auth) + len(w.data) }

// submit has the collected subscribes checked. It reports true when that is
// done already, because the pool had no room, and false when they are out.
func (s *session) submit(c *engine.Conn) bool {
	w := s.wait
	job := &check{
		loop: c.Loop(), handle: s.Handle, keys: s.tenant.Keys, socketID: s.ID.String(),
		wants: w.wants, results: make([]error, len(w.wants)),
	}
	w.wants, w.wantBytes = nil, 0
	if w.inline || s.home.server.cfg.Submit(job.work) != nil {
		s.home.counters.inline.Add(uint64(len(job.wants)))
		s.applyAll(c, job, nil)
		s.settled()
		return true
	}
	s.home.counters.jobs.Add(1)
	w.job = job
	return false
}

// check is the job: subscribes to be verified, and the task that brings the
// results back. The worker owns the results until it posts.
type check struct {
	// Static.
	loop     *engine.Loop
	handle   engine.Handle
	keys     *tenant.Keys
	socketID string
	wants    []want

	results []error
	done    bool // results hold; false when the worker panicked
}

// work runs on a worker. The task is posted whatever happens: a session must
// not wait for ever.
func (k *check) work() {
	defer k.loop.Post(k)
	for i := range k.wants {
		k.results[i] = k.wants[i].check(k.keys, k.socketID)
	}
	k.done = true
}

// Run is called on the loop. When the session is gone, or went on without
// this result, nothing happens.
func (k *check) Run(l *engine.Loop) {
	c := l.Conn(k.handle)
	if c == nil {
		return
	}
	s, ok := c.Receiver().(*session)
	if !ok || s.wait == nil || s.wait.job != k {
		return
	}
	s.wait.job = nil
	results := k.results
	if !k.done {
		results = nil
	}
	s.applyAll(c, k, results)
	s.goOn(c)
}

// goOn carries out what waited for a job.
func (s *session) goOn(c *engine.Conn) {
	s.drain(c)
	if s.collecting() {
		s.submit(c)
	}
	s.settled()
}

// applyAll makes the subscriptions in their order. Without results the loop
// verifies now: never from a job's own, which its worker may be writing.
func (s *session) applyAll(c *engine.Conn, k *check, results []error) {
	for i := range k.wants {
		if s.Session.Closed || !c.Open() {
			return
		}
		var err error
		if results != nil {
			err = results[i]
		} else {
			err = k.wants[i].check(k.keys, k.socketID)
		}
		s.apply(c, &k.wants[i], err)
	}
}

// drain carries out what waits, until another job is out.
func (s *session) drain(c *engine.Conn) {
	for s.wait != nil && s.wait.next < len(s.wait.backlog) && c.Open() {
		text, next := s.wait.oldest()
		if !s.accept(c, text) {
			return
		}
		if s.wait == nil { // closed
			return
		}
		s.wait.next = next
	}
	if s.wait != nil {
		s.wait.backlog, s.wait.next = nil, 0
	}
}

// catchUp carries out all that waits, and the message for which there was no
// room behind it, with the loop doing the checks. The job that is out finds
// itself forgotten when it comes back.
func (s *session) catchUp(c *engine.Conn, text []byte) {
	w, job := s.wait, s.wait.job
	s.home.counters.inline.Add(uint64(len(job.wants)))
	w.job, w.inline = nil, true
	s.applyAll(c, job, nil)
	s.drain(c)
	if !s.Session.Closed {
		s.accept(c, text)
	}
	w.inline = false
	s.settled()
}

// verify checks one signature on the loop.
func (s *session) verify(w *want) error { return w.check(s.tenant.Keys, s.ID.String()) }
