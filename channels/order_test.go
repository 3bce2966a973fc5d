package channels

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestEveryStepAsInTheModel takes random steps one at a time, the loops'
// turns among them, and compares what every session got with a plain model
// that knows nothing of loops and mailboxes. Rapid shrinks what it finds to
// the few steps that matter.
func TestEveryStepAsInTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"join":       m.join,
			"leave":      m.leave,
			"publish":    m.publish,
			"publishAll": m.publishAll,
			"turn":       m.turn,
			"fill":       m.fill,
			"hand over":  m.handOver,
			"":           m.check,
		})
		m.finish()
	})
}

// model is what the registry should do.
type model struct {
	*world

	rooms map[string]*room
	said  int
	full  [2]bool
	ended map[*session][]string // what a session had when it left
}

type room struct {
	serial   uint64
	sessions []*session // in the order of joining
	members  []*occupant
}

type occupant struct {
	id, info    string
	connections int
}

type session struct {
	*Subscription

	user string
	want []string // all lines that it should get unless it leaves
}

var roomNames = []string{"a", "b", "presence-a", "presence-b"}

func newModel(t *rapid.T) *model {
	m := &model{
		world: newWorld(t, 2, 2),
		rooms: map[string]*room{},
		ended: map[*session][]string{},
	}
	if rapid.Bool().Draw(t, "equal hashes") {
		m.hashMask = 0
	}
	return m
}

func (m *model) join(t *rapid.T) {
	name := rapid.SampledFrom(roomNames).Draw(t, "room")
	at := Place{Loop: rapid.Uint16Range(0, 1).Draw(t, "loop"), Format: rapid.Uint8Range(0, 1).Draw(t, "format")}
	user := ""
	if strings.HasPrefix(name, "presence-") {
		user = rapid.SampledFrom([]string{"ann", "bob", "cid", "dan"}).Draw(t, "user")
	}
	const limit = 3
	r := m.rooms[name]
	full := r != nil && user != "" && len(r.members) == limit && r.find(user) < 0
	sub, err := m.tryJoin(at, "app", name, user, limit)
	if full != errors.Is(err, ErrMembersFull) || !full && err != nil {
		t.Fatalf("join %s as %q: %v, want it full: %v", name, user, err, full)
	}
	if full {
		return
	}
	if r == nil {
		r = &room{}
		m.rooms[name] = r
	}
	s := &session{Subscription: sub, user: user, want: []string{"joined"}}
	if user != "" {
		r.enter(user, fmt.Sprint(sub.Handle()))
		s.want[0] = joinedLine(r.list())
	}
	r.sessions = append(r.sessions, s)
	if sub.Serial() != r.serial {
		t.Fatalf("joined at serial %d, want %d", sub.Serial(), r.serial)
	}
}

func (m *model) leave(t *rapid.T) {
	if len(m.rooms) == 0 {
		return
	}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(m.rooms))).Draw(t, "room")
	r := m.rooms[name]
	s := rapid.SampledFrom(r.sessions).Draw(t, "session")
	m.Unsubscribe(s.Subscription)
	m.ended[s] = slices.Clone(m.lines(s.Subscription))
	r.sessions = slices.DeleteFunc(r.sessions, func(o *session) bool { return o == s })
	if s.user != "" {
		r.exit(s.user)
	}
	if len(r.sessions) == 0 {
		delete(m.rooms, name)
	}
}

func (m *model) publish(t *rapid.T) {
	msg := m.message(t)
	err := m.publishNow(msg)
	r := m.rooms[msg.Channel]
	busy := false
	if r != nil {
		for _, s := range r.sessions {
			busy = busy || m.full[s.Place().Loop]
		}
	}
	if busy != errors.Is(err, ErrBusy) || !busy && err != nil {
		t.Fatalf("publish to %s: %v, want busy: %v", msg.Channel, err, busy)
	}
	if !busy {
		m.deliver(msg)
	}
}

func (m *model) publishAll(t *rapid.T) {
	var ms []*Message
	for range rapid.IntRange(2, 4).Draw(t, "messages") {
		ms = append(ms, m.message(t))
	}
	err := m.publishNow(ms...)
	busy := m.full[0] || m.full[1]
	if busy != errors.Is(err, ErrBusy) || !busy && err != nil {
		t.Fatalf("publish all: %v, want busy: %v", err, busy)
	}
	if !busy {
		for _, msg := range ms {
			m.deliver(msg)
		}
	}
}

func (m *model) turn(t *rapid.T) {
	m.world.turn(rapid.IntRange(0, 1).Draw(t, "loop"), rapid.IntRange(1, 5).Draw(t, "deliveries"))
}

func (m *model) fill(t *rapid.T) {
	loop := rapid.IntRange(0, 1).Draw(t, "loop")
	m.full[loop] = rapid.Bool().Draw(t, "full")
	m.boxes[loop].fill(m.full[loop])
}

// handOver goes on in another process, whose mailboxes have room.
func (m *model) handOver(t *rapid.T) {
	var moving []*Subscription
	back := map[*Subscription]*session{}
	for _, r := range m.rooms {
		for _, s := range r.sessions {
			moving, back[s.Subscription] = append(moving, s.Subscription), s
		}
	}
	m.settle()
	slices.SortFunc(moving, func(a, b *Subscription) int { return cmp.Compare(a.Handle(), b.Handle()) })
	next, returned := m.world.handOver(rapid.Permutation(moving).Draw(t, "in this order"))
	for was, is := range returned {
		back[was].Subscription = is
	}
	m.world, m.full = next, [2]bool{}
}

// check compares what anyone can ask for at any time.
func (m *model) check(t *rapid.T) {
	stats := Stats{Channels: int64(len(m.rooms))}
	for _, name := range roomNames {
		r := m.rooms[name]
		if r == nil {
			r = &room{}
		}
		stats.Subscriptions += int64(len(r.sessions))
		stats.Members += int64(len(r.members))
		if got, want := m.Subscribers("app", name), len(r.sessions); got != want {
			t.Fatalf("%s has %d subscribers, want %d", name, got, want)
		}
		if diff := gocmp.Diff(r.list(), listOf(m.Members("app", name))); diff != "" {
			t.Fatalf("members of %s (-want +got):\n%s", name, diff)
		}
	}
	if diff := gocmp.Diff(stats, m.Stats()); diff != "" {
		t.Fatalf("stats (-want +got):\n%s", diff)
	}
}

// finish lets the loops catch up and compares all that was received.
func (m *model) finish() {
	m.settle()
	m.expectNothingReserved()
	for _, r := range m.rooms {
		for _, s := range r.sessions {
			m.expect(s.Subscription, s.want...)
		}
	}
	for s, had := range m.ended {
		if len(had) == 0 { // It left before its confirmation, which still came.
			had = s.want[:1]
		}
		m.expect(s.Subscription, had...)
		if !slices.Equal(had, s.want[:len(had)]) {
			m.t.Errorf("session %d had %q when it left, want the start of %q", s.Handle(), had, s.want)
		}
	}
	for _, r := range m.rooms {
		for _, s := range r.sessions {
			m.Unsubscribe(s.Subscription)
		}
	}
	m.expectEmpty()
}

func (m *model) message(t *rapid.T) *Message {
	m.said++
	msg := &Message{App: "app", Channel: rapid.SampledFrom(roomNames).Draw(t, "to"), Data: fmt.Sprint("m", m.said)}
	if r := m.rooms[msg.Channel]; r != nil && rapid.Bool().Draw(t, "from a subscriber") {
		msg.Except = rapid.SampledFrom(r.sessions).Draw(t, "publisher").Handle()
	}
	return msg
}

func (m *model) deliver(msg *Message) {
	if r := m.rooms[msg.Channel]; r != nil {
		r.tell(msg.Data, msg.Except)
	}
}

func (r *room) tell(text string, except Handle) {
	r.serial++
	for _, s := range r.sessions {
		if s.Handle() != except {
			s.want = append(s.want, fmt.Sprintf("%d %s", r.serial, text))
		}
	}
}

func (r *room) find(user string) int {
	return slices.IndexFunc(r.members, func(o *occupant) bool { return o.id == user })
}

func (r *room) enter(user, info string) {
	if i := r.find(user); i >= 0 {
		r.members[i].connections++
		return
	}
	r.members = append(r.members, &occupant{user, info, 1})
	r.tell("+"+user+":"+info, None)
}

func (r *room) exit(user string) {
	i := r.find(user)
	if r.members[i].connections--; r.members[i].connections == 0 {
		r.members = slices.Delete(r.members, i, i+1)
		r.tell("-"+user, None)
	}
}

func (r *room) list() []Member {
	var list []Member
	for _, o := range r.members {
		list = append(list, Member{o.id, o.info})
	}
	return list
}

// TestOrderAndTruthUnderConcurrency runs two publishers and two loops, on which
// sessions come and go, at the same time. Every session must see serials
// without gap or repeat from its subscription on, each publisher's messages in
// their order, and a snapshot that with the later events makes the truth.
func TestOrderAndTruthUnderConcurrency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, 2, 1)
		steps := rapid.SliceOfN(rapid.IntRange(0, 99), 20, 200)
		messages := rapid.IntRange(0, 200).Draw(t, "messages")
		var wg sync.WaitGroup
		var staying [2][]*Subscription
		var everybody [2][]*Subscription
		for loop := range 2 {
			script := steps.Draw(t, fmt.Sprint("loop ", loop))
			wg.Go(func() { staying[loop], everybody[loop] = w.live(loop, script) })
		}
		for publisher := range 2 {
			wg.Go(func() { w.talk(publisher, messages) })
		}
		wg.Wait()
		w.settle()
		for _, s := range slices.Concat(everybody[:]...) {
			w.audit(s)
		}
		for _, s := range slices.Concat(staying[:]...) {
			w.expectTruth(s)
		}
		for _, s := range slices.Concat(staying[:]...) {
			w.Unsubscribe(s)
		}
		w.expectEmpty()
	})
}

// talk publishes numbered messages.
func (w *world) talk(publisher, messages int) {
	for i := range messages {
		w.say("app", "presence-room", fmt.Sprintf("p%d %d", publisher, i))
		if i%7 == 0 {
			runtime.Gosched()
		}
	}
}

// expectTruth checks that a session which stayed knows all that happened.
func (w *world) expectTruth(s *Subscription) {
	serial, members := w.audit(s)
	if want := s.list.channel.serial; serial != want {
		w.t.Fatalf("session %d saw serials up to %d of %d", s.Handle(), serial, want)
	}
	if diff := gocmp.Diff(listOf(w.Members("app", s.Channel())), members); diff != "" {
		w.t.Fatalf("session %d: snapshot and events (-truth +got):\n%s", s.Handle(), diff)
	}
}

// live plays a script on a loop: sessions of five users come and go, and the
// loop takes its turns.
func (w *world) live(loop int, script []int) (staying, everybody []*Subscription) {
	w.own(loop)
	defer w.disown(loop)
	for _, step := range script {
		switch {
		case step < 30:
			s := w.join(Place{Loop: uint16(loop)}, "app", "presence-room", fmt.Sprint("user", step%5))
			staying, everybody = append(staying, s), append(everybody, s)
		case step < 55 && len(staying) > 0:
			i := step % len(staying)
			w.Unsubscribe(staying[i])
			staying = slices.Delete(staying, i, i+1)
		default:
			w.turn(loop, step%10)
			runtime.Gosched()
		}
	}
	return staying, everybody
}

// audit reads what a session got and returns the last serial and the members
// as the session knows them.
func (w *world) audit(s *Subscription) (uint64, []Member) {
	lines := w.lines(s)
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "joined") {
		w.t.Fatalf("session %d was not confirmed first: %q", s.Handle(), lines)
	}
	var members []Member
	for _, field := range strings.Fields(lines[0])[1:] {
		members = append(members, parseMember(field))
	}
	serial, heard := s.Serial(), map[string]int{}
	for _, line := range lines[1:] {
		var got uint64
		var what string
		var number int
		n, _ := fmt.Sscanf(line, "%d %s %d", &got, &what, &number)
		if serial++; got != serial {
			w.t.Fatalf("session %d got serial %d after %d: %q", s.Handle(), got, serial-1, lines)
		}
		switch {
		case n == 3:
			if before, ok := heard[what]; ok && number != before+1 {
				w.t.Fatalf("session %d heard %s's message %d after %d", s.Handle(), what, number, before)
			}
			heard[what] = number
		case what[0] == '+':
			members = append(members, parseMember(what[1:]))
		default:
			before := len(members)
			members = slices.DeleteFunc(members, func(m Member) bool { return m.UserID == what[1:] })
			if len(members) != before-1 {
				w.t.Fatalf("session %d was told %q of somebody who was there %d times", s.Handle(), what, before-len(members))
			}
		}
	}
	return serial, members
}

func parseMember(field string) Member {
	id, info, _ := strings.Cut(field, ":")
	return Member{id, info}
}
