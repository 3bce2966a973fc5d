package channels

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// world is a registry with loops that run when the test says so, and sinks
// that write down what every handle gets.
type world struct {
	*Registry

	t     failer
	boxes []*box
	books []*book

	lastHandle atomic.Uint64
	witnessed  []string       // what the witness was told, of tests that have one goroutine
	owners     []atomic.Int64 // goroutine of each loop; 0 is not checked
}

// failer is a *testing.T, a *testing.B or a *rapid.T.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func newWorld(t failer, loops, formats int) *world {
	w := &world{t: t, owners: make([]atomic.Int64, loops)}
	cfg := Config{CheckLoop: w.checkOwner}
	for range loops {
		w.boxes = append(w.boxes, &box{})
		cfg.Mailboxes = append(cfg.Mailboxes, w.boxes[len(w.boxes)-1])
	}
	for format := range formats {
		w.books = append(w.books, &book{t: t, format: format, lines: map[Handle][]string{}})
		cfg.Sinks = append(cfg.Sinks, w.books[format])
	}
	w.Registry = New(cfg)
	return w
}

// watched is a world whose witness writes down what it is told.
func watched(t failer, cacheBytes int64) *world {
	w := newWorld(t, 2, 1)
	w.watch()
	w.storage.limit = cacheBytes
	return w
}

// watch has the witness write down what it is told.
func (w *world) watch() {
	w.witness = func(o Occasion) {
		line := fmt.Sprint(o.Kind, " ", o.Channel)
		switch {
		case o.UserID != "":
			line += " " + o.UserID
		case o.Kind == Counted:
			line += fmt.Sprint(" ", o.Count)
		}
		w.witnessed = append(w.witnessed, line)
	}
}

// expectWitnessed compares what the witness was told since the last time.
func (w *world) expectWitnessed(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.witnessed); diff != "" {
		w.t.Errorf("the witness was told (-want +got):\n%s", diff)
	}
	w.witnessed = nil
}

// own makes the calling goroutine the only one that may act as the loop.
func (w *world) own(loop int) { w.owners[loop].Store(goid()) }

// disown lets anyone act as the loop again.
func (w *world) disown(loop int) { w.owners[loop].Store(0) }

func (w *world) checkOwner(loop int) {
	if owner := w.owners[loop].Load(); owner != 0 && owner != goid() {
		panic(fmt.Sprintf("loop %d is run by goroutine %d and was called on %d", loop, owner, goid()))
	}
}

// goid reads the goroutine's number off its stack trace.
func goid() int64 {
	var buf [64]byte
	line := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	id, _ := strconv.ParseInt(string(line[:bytes.IndexByte(line, ' ')]), 10, 64)
	return id
}

// join subscribes a new session; a user makes it a member.
func (w *world) join(at Place, app, channel, user string) *Subscription {
	w.t.Helper()
	s, err := w.tryJoin(at, app, channel, user, 0)
	if err != nil {
		w.t.Fatalf("subscribe %s to %s: %v", user, channel, err)
	}
	return s
}

func (w *world) tryJoin(at Place, app, channel, user string, limit int) (*Subscription, error) {
	j := Join{
		App: app, Channel: channel, Place: at, Handle: w.lastHandle.Add(1), MaxMembers: limit,
		Cached: strings.HasPrefix(channel, "cache-"), Counts: strings.HasPrefix(channel, "counted-"),
	}
	if user != "" {
		j.Presence = &Member{UserID: user, Info: fmt.Sprintf("%d", j.Handle)}
	}
	return w.Subscribe(j)
}

// say publishes an event and returns the answer.
func (w *world) say(app, channel, data string) error {
	return w.publishNow(&Message{App: app, Channel: channel, Event: "said", Data: data})
}

func (w *world) publishNow(ms ...*Message) (err error) {
	w.t.Helper()
	answers := 0
	done := func(e error) { err, answers = e, answers+1 }
	if len(ms) == 1 {
		w.Publish(ms[0], done)
	} else {
		w.PublishAll(ms, done)
	}
	if answers != 1 {
		w.t.Errorf("done was called %d times, want once", answers)
	}
	return err
}

// turn runs up to n deliveries of a loop and returns how many there were.
func (w *world) turn(loop, n int) int {
	for i := range n {
		d, ok := w.boxes[loop].take()
		if !ok {
			return i
		}
		w.Run(d)
	}
	return n
}

// settle runs everything that is in the mailboxes.
func (w *world) settle() {
	for loop := range w.boxes {
		for w.turn(loop, 100) > 0 {
		}
	}
}

// lines returns what the session got so far.
func (w *world) lines(s *Subscription) []string {
	return w.books[s.Place().Format].read(s.Handle())
}

// expect compares what the session got.
func (w *world) expect(s *Subscription, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.lines(s)); diff != "" {
		w.t.Errorf("session %d on %s (-want +got):\n%s", s.Handle(), s.Channel(), diff)
	}
}

// expectEmpty checks that nothing is left of anything.
func (w *world) expectEmpty() {
	w.t.Helper()
	w.settle()
	if got := w.Stats(); got != (Stats{}) {
		w.t.Errorf("stats after everybody left: %+v, want all zero", got)
	}
	for i := range w.shards {
		if n := w.shards[i].Size(); n != 0 {
			w.t.Errorf("shard %d still has %d entries", i, n)
		}
	}
	w.expectNothingReserved()
}

func (w *world) expectNothingReserved() {
	w.t.Helper()
	for loop, b := range w.boxes {
		if n := b.room(); n != 0 {
			w.t.Errorf("loop %d has %d bytes reserved after the drain, want 0", loop, n)
		}
	}
}

// box is a mailbox that the test empties and can fill up.
type box struct {
	mu       sync.Mutex
	queue    []Delivery
	reserved int
	full     bool
	limit    int // refuses the bytes above it, unless 0
}

func (b *box) Reserve(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full || b.limit > 0 && b.reserved+n > b.limit {
		return false
	}
	b.reserved += n
	return true
}

func (b *box) Release(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reserved -= n; b.reserved < 0 {
		panic("released more than was reserved")
	}
}

func (b *box) Post(d Delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, d)
}

func (b *box) take() (Delivery, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == 0 {
		return Delivery{}, false
	}
	d := b.queue[0]
	b.queue = b.queue[1:]
	return d, true
}

func (b *box) room() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reserved
}

func (b *box) fill(full bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = full
}

// book is a sink that writes a line for all that a handle gets.
type book struct {
	t      failer
	format int

	encodes  atomic.Int64
	delivers atomic.Int64
	during   func(h Handle) // called for each handle of a delivery

	mu    sync.Mutex
	lines map[Handle][]string
}

func (k *book) Encode(m *Message) any {
	k.encodes.Add(1)
	text := fmt.Sprintf("%d|%s", k.format, text(m))
	return &text
}

func (k *book) Deliver(_ int, m *Message, encoded any, to []Handle) {
	k.delivers.Add(1)
	format, text, _ := strings.Cut(*encoded.(*string), "|")
	if format != strconv.Itoa(k.format) {
		k.t.Errorf("format %d was given the encoding of format %s", k.format, format)
	}
	for i := range to {
		if h := to[i]; h != None && h != m.Except {
			k.write(h, fmt.Sprintf("%d %s", m.Serial, text))
			if k.during != nil {
				k.during(h)
			}
		}
	}
}

// EncodeMembers writes them as a confirmation does.
func (k *book) EncodeMembers(members []*Member) any {
	var b strings.Builder
	for _, m := range members {
		fmt.Fprintf(&b, " %s:%s", m.UserID, m.Info)
	}
	return b.String()
}

func (k *book) Joined(_ int, s *Subscription, now *Snapshot) {
	line := "joined"
	if now != nil {
		for text := range now.Members.Encoded(uint8(k.format), k) {
			line += text.(string)
		}
		if now.Cached != nil {
			line += " cached " + now.Cached.Data
		}
	}
	k.write(s.Handle(), line)
}

func (k *book) write(h Handle, line string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lines[h] = append(k.lines[h], line)
}

func (k *book) read(h Handle) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lines[h]
}

// text is a message as the tests write it.
func text(m *Message) string {
	switch m.Kind {
	case MemberAdded:
		return "+" + m.Member.UserID + ":" + m.Member.Info
	case MemberRemoved:
		return "-" + m.Member.UserID
	case ClientEvent:
		return m.UserID + " whispers " + m.Data
	case Count:
		return fmt.Sprint("count ", m.Subscriptions)
	case Event:
	}
	return m.Data
}

// listOf returns the members one by one.
func listOf(all Members) (list []Member) {
	for m := range all.All() {
		list = append(list, *m)
	}
	return list
}

// joinedLine is a confirmation as the tests write it.
func joinedLine(members []Member) string {
	if members == nil {
		return "joined"
	}
	var ids []string
	for _, m := range members {
		ids = append(ids, m.UserID+":"+m.Info)
	}
	return "joined " + strings.Join(ids, " ")
}

// Two places on two loops, used throughout.
var (
	here  = Place{Loop: 0}
	there = Place{Loop: 1}
)

var _ failer = (*testing.T)(nil)
