//go:build linux

package rooms

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/loadgen"
)

func TestHearing(t *testing.T) {
	f := func(name string, want loadgen.Counts, owed uint64, talk func(h *hearing)) {
		t.Helper()
		h := newHearing(3)
		for member := range 3 {
			h.admit(member)
		}
		talk(h)
		if diff := cmp.Diff(want, h.Counts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if h.owed() != owed {
			t.Errorf("%s: %d owed, want %d", name, h.owed(), owed)
		}
		if settled := h.settled(0); settled != (owed == 0 && want.Delivered > 0) {
			t.Errorf("%s: settled is %t with %d owed and %d delivered", name, settled, owed, want.Delivered)
		}
	}
	say := func(h *hearing, n int) {
		for range n {
			h.say(0)
		}
	}
	hear := func(h *hearing, hearer int, numbers ...uint32) {
		for _, seq := range numbers {
			h.hear(hearer, 0, seq)
		}
	}
	f("all is well", loadgen.Counts{Delivered: 4}, 0, func(h *hearing) {
		say(h, 2)
		hear(h, 1, 0, 1)
		hear(h, 2, 0, 1)
	})
	f("one has heard nothing", loadgen.Counts{Delivered: 2}, 2, func(h *hearing) {
		say(h, 2)
		hear(h, 1, 0, 1)
	})
	f("left out", loadgen.Counts{Delivered: 3, Lost: 1}, 0, func(h *hearing) {
		say(h, 2)
		hear(h, 1, 1)
		hear(h, 2, 0, 1)
	})
	f("swapped", loadgen.Counts{Delivered: 4, Reordered: 1}, 0, func(h *hearing) {
		say(h, 2)
		hear(h, 1, 1, 0)
		hear(h, 2, 0, 1)
	})
	f("twice, at once and later", loadgen.Counts{Delivered: 4, Duplicated: 2}, 0, func(h *hearing) {
		say(h, 2)
		hear(h, 1, 0, 0, 1, 0)
		hear(h, 2, 0, 1)
	})
	f("its own, and one that nobody said, while nobody was there to hear", loadgen.Counts{Stray: 2}, 0, func(h *hearing) {
		h.dismiss(1)
		h.dismiss(2)
		say(h, 1)
		hear(h, 0, 0)
		hear(h, 1, 7)
	})
	f("who left is owed nothing, and may still get it", loadgen.Counts{Delivered: 4}, 0, func(h *hearing) {
		say(h, 3)
		hear(h, 1, 0, 1, 2)
		h.dismiss(2)
		hear(h, 2, 2)
	})
	f("who came later is owed what is said from then on", loadgen.Counts{Delivered: 6}, 0, func(h *hearing) {
		h.dismiss(2)
		say(h, 3)
		hear(h, 1, 0, 1, 2)
		h.admit(2)
		hear(h, 2, 2) // was on its way
		say(h, 1)
		hear(h, 1, 3)
		hear(h, 2, 3)
	})
	f("who came later lacks one", loadgen.Counts{Delivered: 5, Lost: 1}, 0, func(h *hearing) {
		h.dismiss(2)
		say(h, 2)
		h.admit(2)
		say(h, 2)
		hear(h, 1, 0, 1, 2, 3)
		hear(h, 2, 3)
	})
}

// A whisper carries its mark and when it was due, and hearers get about as
// many bytes as was asked for.
func TestWhisper(t *testing.T) {
	mark, due := loadgen.Mark{Source: 1234567, Seq: 9}, 1234*time.Millisecond
	w := appendWhisper(nil, "presence-room.12", mark, due, 300)
	got, at := loadgen.FindMark(w, -1)
	if at < 0 || got != mark {
		t.Fatalf("mark %+v at %d of %s", got, at, w)
	}
	if back, ok := dueOf(w[at+loadgen.MarkSize:]); !ok || back != due {
		t.Errorf("due %s, want %s", back, due)
	}
	for _, rest := range []string{"", ";due=123", ";due=xxxxxxxxxxxxxxxxxxx"} {
		if _, ok := dueOf([]byte(rest)); ok {
			t.Errorf("%q has a time", rest)
		}
	}
	relayed := `{"event":"client-whisper","channel":"presence-room.12","data":"{\"text\":\"` + string(w[at:len(w)-3]) +
		`\"}","user_id":"member-1234567"}`
	const header = 4
	if n := header + len(relayed); n < 290 || n > 310 {
		t.Errorf("a hearer gets %d bytes: %s", n, relayed)
	}
}

func TestMembersInPayloads(t *testing.T) {
	f := func(payload string, want ...int) {
		t.Helper()
		var got []int
		for id, rest := nextMember([]byte(payload)); id >= 0; id, rest = nextMember(rest) {
			got = append(got, id)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", payload, diff)
		}
	}
	f(channelData(42, 100), 42)
	f(`{"ids":["member-0000001","somebody","member-0000012"]}`, 1, 12)
	f(`member-xxxxxxx member-0000003`, 3)
	f(`member-000001`)
	f(``)
	if n := len(channelData(1, 100)) - len(channelData(1, leastInfo)); n != 100-leastInfo {
		t.Errorf("user_info is longer by %d, want %d", n, 100-leastInfo)
	}
}
