package account

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen"
)

// run takes what happens to a stream, in order, and returns what it found.
// Message N is sent at second N; "N" comes with the one before it as certain,
// "N>M" with M. "join@T" and "leave" are the subscription's.
func run(s *Stream, script string) string {
	var list []string
	for word := range strings.FieldsSeq(script) {
		var seq, certain, at uint32
		switch {
		case word == "leave":
			s.Leave()
			continue
		case scan(word, "join@%d", &at):
			s.Join(time.Duration(at) * time.Second)
			continue
		case scan(word, "%d>%d", &seq, &certain):
		default:
			scan(word, "%d", &seq)
			certain = seq - 1
		}
		m := Stamp{Mark: loadgen.Mark{Seq: seq}, Sent: time.Duration(seq) * time.Second}
		if seq > 0 {
			m.Certain, m.CertainSent = certain+1, time.Duration(certain)*time.Second
		}
		if text := words(s.Receive(m)); text != "" {
			list = append(list, word+" "+text)
		}
	}
	return strings.Join(list, "; ")
}

func scan(word, format string, into ...*uint32) bool {
	args := make([]any, len(into))
	for i := range into {
		args[i] = into[i]
	}
	n, err := fmt.Sscanf(word+"\n", format+"\n", args...)
	return err == nil && n == len(into)
}

func words(f Finding) string {
	var list []string
	add := func(is bool, format string, args ...any) {
		if is {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	add(f.Lost > 0, "lost %d", f.Lost)
	add(f.Dropped > 0, "dropped %d", f.Dropped)
	add(f.Declared > 0, "declared %d", f.Declared)
	add(f.Twice, "twice")
	add(f.Disorder, "disorder")
	add(f.Uncertain != nil, "uncertain %v", f.Uncertain)
	return strings.Join(list, ", ")
}

func TestStream(t *testing.T) {
	f := func(script, want string) {
		t.Helper()
		if got := run(&Stream{}, script); got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", script, got, want)
		}
	}
	// As it should be.
	f("join@0 0 1 2 3", "")
	f("join@5 6 7", "6 declared 6")
	f("join@4 5 6 leave join@8 9 10", "5 declared 5; 9 declared 2")
	// What must not be.
	f("join@0 0 1 3", "3 lost 1")
	f("join@0 0 1 5 6", "5 lost 3")
	f("join@0 0 1 1", "1 twice")
	f("join@0 0 1 2 0", "0 twice")
	f("join@0 0 2 1 3", "2 lost 1; 1 disorder")
	f("join@4 7", "7 lost 1, declared 6") // 6 was sent after the subscription; how many more is not known
	f("join@0 0 1 leave join@2 1 2", "1 twice")
	f("join@0 0 1 leave join@4 7", "7 lost 1, declared 4")
	f("join@0 0 1 2 70 3", "70 lost 67; 3 twice") // too long ago to tell from a repetition
	// What nobody has answered for: it may come once, in time or late, or not.
	f("join@0 0 1 3>1", "3>1 declared 1")
	f("join@0 0 1 2 3>1", "3>1 uncertain [2]")
	f("join@0 0 1 3>1 4", "3>1 declared 1")
	f("join@0 0 1 3>1 2 4", "3>1 declared 1; 2 uncertain [2]")
	f("join@0 0 1 3>1 2 2", "3>1 declared 1; 2 uncertain [2]; 2 twice")
	f("join@0 0 4>1", "4>1 lost 1, declared 2")
}

func TestLossyStream(t *testing.T) {
	f := func(script, want string) {
		t.Helper()
		if got := run(&Stream{Lossy: true}, script); got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", script, got, want)
		}
	}
	f("join@0 0 1 5 6", "5 dropped 3")
	f("join@0 0 1 5 4", "5 dropped 3; 4 disorder")
	f("join@0 0 1 5 5", "5 dropped 3; 5 twice")
}

func TestOpenOnesAreBounded(t *testing.T) {
	s := &Stream{}
	s.Join(time.Second)
	for i := range uint32(100) {
		s.Receive(Stamp{Mark: loadgen.Mark{Seq: i * 40}, Certain: i * 40 / 2})
	}
	if len(s.open) > maxOpen {
		t.Errorf("%d are kept, want at most %d", len(s.open), maxOpen)
	}
}

func TestOwes(t *testing.T) {
	f := func(script string, last uint32, want uint64) {
		t.Helper()
		s := &Stream{}
		run(s, script)
		if got := s.Owes(Stamp{Mark: loadgen.Mark{Seq: last}, Sent: time.Duration(last) * time.Second}); got != want {
			t.Errorf("%s, and %d was the last: owes %d, want %d", script, last, got, want)
		}
	}
	f("join@1 2 3", 3, 0)
	f("join@1 2 3", 5, 2)
	f("join@1 2 3 leave", 5, 0)
	f("join@5", 5, 0) // as it was sent before the subscription was confirmed
	f("join@5", 6, 1)
	f("join@5", 9, 1) // at least
	f("", 9, 0)
}

func TestClean(t *testing.T) {
	f := func(found Finding, want bool) {
		t.Helper()
		if found.Clean() != want {
			t.Errorf("%+v is clean: %v, want %v", found, !want, want)
		}
	}
	f(Finding{Declared: 3, Dropped: 3, Uncertain: []uint32{1}}, true)
	f(Finding{Lost: 1}, false)
	f(Finding{Twice: true}, false)
	f(Finding{Disorder: true}, false)
}

func TestRoster(t *testing.T) {
	var r Roster
	if r.Add("a") == nil {
		t.Error("somebody came before the list")
	}
	r.Begin([]string{"b", "a"})
	f := func(err error, fails bool) {
		t.Helper()
		if (err != nil) != fails {
			t.Errorf("got %v, want a failure: %v", err, fails)
		}
	}
	f(r.Add("a"), true)
	f(r.Add("c"), false)
	f(r.Remove("b"), false)
	f(r.Remove("b"), true)
	if got := fmt.Sprint(r.IDs()); got != "[a c]" {
		t.Errorf("%s are there, want a and c", got)
	}
	r.Begin(nil)
	f(r.Remove("a"), true)
	f(r.Add("a"), false)
}
