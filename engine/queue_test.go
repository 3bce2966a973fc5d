package engine

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// modelled is a queue beside a plain list of what should be in it.
type modelled struct {
	queue
	list []*Frame
	most int // frames that ever waited at once
}

func (m *modelled) add(f *Frame) {
	position := m.push(f)
	m.list = append(m.list, f)
	m.most = max(m.most, m.n)
	if !f.rule.counts() {
		return
	}
	m.book(position, f)
	if f.topic == nil {
		return
	}
	if older, ok := m.supersede(position); ok {
		m.take(older)
	}
}

func (m *modelled) take(position uint32) {
	f := m.at(position)
	m.remove(position)
	i := slices.Index(m.list, f)
	m.list = slices.Delete(m.list, i, i+1)
}

// dropOldest drops what the queue finds, and checks that the list has the same.
func (m *modelled) dropOldest(t *rapid.T, from *uint32, fits func(*Rule) bool) {
	first := 0
	if m.off > 0 {
		first = 1
	}
	want := -1
	for i := first; i < len(m.list)-1; i++ {
		if fits(m.list[i].rule) {
			want = i
			break
		}
	}
	position, ok := m.oldest(from, fits)
	if ok != (want >= 0) || ok && m.at(position) != m.list[want] {
		t.Fatalf("found %d, %v; want the frame at %d", position, ok, want)
	}
	if ok {
		m.take(position)
	}
}

func (m *modelled) check(t *rapid.T) {
	var got []*Frame
	bytes, booked := -m.off, map[*Rule]account{}
	m.each(func(_ uint32, f *Frame) { got = append(got, f) })
	if !slices.Equal(got, m.list) || m.n != len(got) {
		t.Fatalf("it holds %d frames and says %d, want %d", len(got), m.n, len(m.list))
	}
	topics := map[topic]int{}
	for i, f := range got {
		bytes += len(f.bytes)
		if f.rule.counts() {
			a := booked[f.rule]
			booked[f.rule] = account{frames: a.frames + 1, bytes: a.bytes + len(f.bytes)}
		}
		if f.topic != nil && (i > 0 || m.off == 0) {
			if topics[*f.topic]++; topics[*f.topic] > 1 {
				t.Fatalf("two frames of topic %v wait", f.topic)
			}
		}
	}
	if m.bytes != bytes || len(m.accounts) != len(booked) {
		t.Fatalf("%d bytes and %d accounts, want %d and %d", m.bytes, len(m.accounts), bytes, len(booked))
	}
	for _, a := range m.accounts {
		if want := booked[a.rule]; a.frames != want.frames || a.bytes != want.bytes {
			t.Fatalf("account %+v, want %+v", a, want)
		}
	}
	if len(m.ring) > max(minRing, 4*m.most) || m.n > 0 && m.at(m.head) == nil {
		t.Fatalf("a ring of %d for %d frames and %d holes, %d at most", len(m.ring), m.n, m.holes, m.most)
	}
}

// A queue with holes, accounts and topics is no more than a list.
func TestQueueIsAList(t *testing.T) {
	rules := []*Rule{nil, {}, {Policy: DropOldest}, {Policy: Conflate}, {Policy: Conflate, Frames: 3}, {Bytes: 7}}
	rapid.Check(t, func(rt *rapid.T) {
		m := &modelled{}
		push := func(rt *rapid.T) {
			rule := rapid.SampledFrom(rules).Draw(rt, "rule")
			name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(rt, "topic")
			m.add(NewTopic(rule, "", name, make([]byte, rapid.IntRange(0, 5).Draw(rt, "size"))))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"": m.check,
			"push": func(rt *rapid.T) {
				for range rapid.IntRange(1, 12).Draw(rt, "frames") {
					push(rt)
				}
			},
			"send": func(rt *rapid.T) {
				m.sent(rapid.IntRange(0, m.bytes).Draw(rt, "bytes"), func(*Frame) { m.list = m.list[1:] })
			},
			"drop": func(rt *rapid.T) {
				for range rapid.IntRange(1, 12).Draw(rt, "frames") {
					m.dropOldest(rt, &m.next, (*Rule).drops)
				}
			},
			"drop of a rule": func(rt *rapid.T) {
				rule := rapid.SampledFrom(rules[2:5]).Draw(rt, "rule")
				if a := m.account(rule); a != nil {
					m.dropOldest(rt, &a.next, rule.is)
				}
			},
		})
	})
}

// One frame that must stay at the front does not make the ring grow for ever.
func TestHolesAreClosed(t *testing.T) {
	m := &modelled{}
	m.add(NewText(Protocol, nil))
	rule := &Rule{Policy: Conflate}
	for i := range 10_000 {
		m.add(NewTopic(rule, "", string(rune('a'+i%5)), nil))
	}
	if m.n != 6 || len(m.ring) > 2*minRing {
		t.Errorf("a ring of %d for %d frames", len(m.ring), m.n)
	}
}

// Topics whose hashes collide do not replace each other.
func TestTopicsAreComparedWholly(t *testing.T) {
	m := &modelled{}
	rule := &Rule{Policy: Conflate}
	var got []string
	for _, name := range []topic{{7, "a", "x"}, {7, "b", "x"}, {7, "a", "y"}, {7, "a", "x"}} {
		f := NewTopic(rule, "", "", nil)
		f.topic = &name
		m.add(f)
	}
	for _, f := range m.list {
		got = append(got, f.topic.scope+f.topic.name)
	}
	if diff := cmp.Diff([]string{"bx", "ay", "ax"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A hint that is out of date may point to the very frame that is entered.
func TestTopicAtThePlaceOfItsForerunner(t *testing.T) {
	m := &modelled{}
	rule := &Rule{Policy: Conflate}
	m.add(NewTopic(rule, "", "a", nil))
	for range minRing - 1 {
		m.add(NewText(Protocol, nil))
	}
	m.sent(4, func(*Frame) { m.list = m.list[1:] }) // two bytes each
	m.add(NewTopic(rule, "", "a", nil))
	if m.n != minRing-1 || len(m.ring) != minRing || m.newest().topic == nil {
		t.Errorf("%d frames in a ring of %d, want %d with the new one last", m.n, len(m.ring), minRing-1)
	}
}

// When holes are closed, the search for the oldest begins anew.
func TestOldestAfterHolesAreClosed(t *testing.T) {
	m := &modelled{}
	m.add(NewText(Protocol, nil))
	rule := &Rule{Policy: DropOldest}
	for range minRing - 1 {
		m.add(NewText(rule, nil))
	}
	for range minRing / 2 {
		position, _ := m.oldest(&m.next, (*Rule).drops)
		m.take(position)
	}
	for range minRing / 2 {
		m.add(NewText(rule, nil))
	}
	position, ok := m.oldest(&m.next, (*Rule).drops)
	if len(m.ring) != minRing || !ok || m.at(position) != m.list[1] {
		t.Errorf("in a ring of %d the oldest is at %d, %v; want the second", len(m.ring), position, ok)
	}
}
