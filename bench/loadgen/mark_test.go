package loadgen

import "testing"

func TestMarkRoundTrip(t *testing.T) {
	f := func(m Mark, want string) {
		t.Helper()
		text := AppendMark([]byte(`{"data":"`), m)
		if got := string(text[9:]); got != want || len(got) != MarkSize {
			t.Errorf("%+v is %q, want %q of %d bytes", m, got, want, MarkSize)
		}
		// Without a hint, with the right one, with wrong ones.
		for _, hint := range []int{-1, 9, 0, 8, 1000} {
			got, at := FindMark(append(text, `","x":1}`...), hint)
			if got != m || at != 9 {
				t.Errorf("hint %d: found %+v at %d, want %+v at 9", hint, got, at, m)
			}
		}
	}
	f(Mark{}, "seq=0000000.0000000000")
	f(Mark{3, 42}, "seq=0000003.0000000042")
	f(Mark{MaxSource, 1<<32 - 1}, "seq=9999999.4294967295")
}

func TestNoMark(t *testing.T) {
	f := func(payload string) {
		t.Helper()
		if m, at := FindMark([]byte(payload), 0); at != -1 {
			t.Errorf("%q: found %+v at %d", payload, m, at)
		}
	}
	f("")
	f(`{"event":"pusher:ping","data":{}}`)
	f("seq=0000003.000000004")
	f("seq=0000003/0000000042")
	f("seq=000000x.0000000042")
	f("seq=0000003.4294967296")
}
