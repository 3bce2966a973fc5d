//go:build linux

package crowd

import (
	"fmt"

	"fanfare/bench/loadgen"
	"fanfare/bench/soak/account"
)

// most bounds how many wrongs, and how many uncertain messages, one report tells.
const most = 100

// tally is the books of one group.
type tally struct {
	Counts
	latency Histogram // since the last report
}

// books are those of all groups.
type books struct {
	groups    map[string]*tally
	endings   map[Endings]*Endings // by what is the same
	wrongs    []Wrong
	uncertain []loadgen.Mark
}

func newBooks(groups []Group) *books {
	b := &books{groups: map[string]*tally{}, endings: map[Endings]*Endings{}}
	for _, g := range groups {
		b.groups[g.Name] = &tally{}
	}
	return b
}

// note counts what was found when a message came to a member.
func (b *books) note(m *member, s account.Stamp, f account.Finding) {
	t := m.tally
	t.Delivered++
	t.Lost += f.Lost
	t.Dropped += f.Dropped
	t.Declared += f.Declared
	switch {
	case f.Twice:
		t.Twice++
		b.wrong(m, "message %d of %s came twice", s.Seq, NameOf(s.Source))
	case f.Disorder:
		t.Disorder++
		b.wrong(m, "message %d of %s came after a later one", s.Seq, NameOf(s.Source))
	case f.Lost > 0:
		b.wrong(m, "%d messages of %s are missing before %d, the last of them %d", f.Lost, NameOf(s.Source), s.Seq, s.Certain-1)
	}
	for _, seq := range f.Uncertain {
		if len(b.uncertain) < most {
			b.uncertain = append(b.uncertain, loadgen.Mark{Source: s.Source, Seq: seq})
		}
	}
}

// missing counts what had to come up to the last message of a source.
func (b *books) missing(m *member, s *subscription, last account.Stamp) {
	owed := s.Owes(last)
	if owed == 0 {
		return
	}
	if s.Lossy {
		m.tally.Dropped += owed
		return
	}
	m.tally.Lost += owed
	b.wrong(m, "%d messages of %s never came, the last of them %d", owed, NameOf(s.source), last.Seq)
}

func (b *books) stray(m *member, format string, args ...any) {
	m.tally.Stray++
	b.wrong(m, format, args...)
}

func (b *books) presence(m *member, channel string, err error) {
	m.tally.Presence++
	b.wrong(m, "%s: %v", channel, err)
}

func (b *books) wrong(m *member, format string, args ...any) {
	if len(b.wrongs) < most {
		b.wrongs = append(b.wrongs, Wrong{Now(), m.group.Name, m.number, fmt.Sprintf(format, args...)})
	}
}

// ended notes how a connection ended that the member did not end itself.
func (b *books) ended(m *member, stood bool, e loadgen.Ending) {
	const longest = 120
	text := ""
	if e.Err != nil {
		text = e.Err.Error()
	}
	same := Endings{Group: m.group.Name, Stood: stood, Code: e.Code, Text: text[:min(len(text), longest)]}
	now := Now()
	in := b.endings[same]
	if in == nil {
		in = &Endings{same.Group, stood, e.Code, same.Text, 0, now, now, m.number}
		b.endings[same] = in
	}
	in.Count++
	in.Last = now
	if stood {
		m.tally.Ended++
	}
}

// report takes what has come since the last one.
func (b *books) report() Report {
	r := Report{At: Now(), Groups: map[string]Counts{}, Latency: map[string]Histogram{}, Wrongs: b.wrongs, Uncertain: b.uncertain}
	for name, t := range b.groups {
		r.Groups[name] = t.Counts
		if t.latency.Count() > 0 {
			r.Latency[name] = t.latency
			t.latency = Histogram{}
		}
	}
	for _, e := range b.endings {
		r.Endings = append(r.Endings, *e)
	}
	clear(b.endings)
	b.wrongs, b.uncertain = nil, nil
	return r
}
