package webhooks

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/channels"
	"fanfare/channels/apps"
)

// told checks what was delivered in all so far.
func told(t *testing.T, b *letterbox, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, b.delivered()); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}

func TestWHK08OccupiedOnce(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		synctest.Wait()
		told(t, box, "channel_occupied a") // at once
		after(time.Hour)
		told(t, box, "channel_occupied a")
	})
}

func TestWHK09VacatedAfterThreeSeconds(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		h.Witness(vacated("a"))
		after(3*time.Second - time.Millisecond)
		told(t, box)
		after(100 * time.Millisecond)
		told(t, box, "channel_vacated a")
		h.Witness(occupied("a"))
		synctest.Wait()
		told(t, box, "channel_vacated a", "channel_occupied a")
	})
}

func TestWHK10ReturnWithinTheDelayIsNotTold(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		h.Witness(vacated("a"))
		h.Witness(vacated("b"))
		after(2900 * time.Millisecond)
		h.Witness(occupied("a"))
		after(time.Minute)
		told(t, box, "channel_occupied a", "channel_vacated b")
	})
}

func TestWHK11And12Members(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{Parallel: 1}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("presence-a"))
		h.Witness(came("1"))
		h.Witness(came("2"))
		h.Witness(went("1"))
		h.Witness(went("2"))
		h.Witness(vacated("presence-a"))
		after(time.Second)
		want := []string{"channel_occupied presence-a", "member_added presence-a 1", "member_added presence-a 2"}
		told(t, box, want...)
		h.Witness(occupied("presence-a")) // the channel and one member return
		h.Witness(came("2"))
		after(time.Minute)
		told(t, box, append(want, "member_removed presence-a 1")...)
	})
}

// A channel's end is told after those of its last members.
func TestOrderOfEnds(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		var want []string
		for user := range 50 {
			h.Witness(went(fmt.Sprint(user)))
			want = append(want, fmt.Sprint("member_removed presence-a ", user))
		}
		h.Witness(vacated("presence-a"))
		after(time.Minute)
		told(t, box, append(want, "channel_vacated presence-a")...)
	})
}

func TestWHK14CacheMissOnce(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		miss := "cache_miss cache-a"
		for range 50 {
			h.CacheMiss("app", "cache-a")
		}
		after(time.Second)
		told(t, box, miss)
		h.CacheFilled("app", "cache-other")
		h.CacheMiss("app", "cache-a")
		after(time.Second)
		told(t, box, miss)
		h.CacheFilled("app", "cache-a")
		h.CacheMiss("app", "cache-a") // emptied again
		after(time.Second)
		told(t, box, miss, miss)
		after(58 * time.Second)
		h.CacheMiss("app", "cache-a")
		synctest.Wait()
		told(t, box, miss, miss)
		after(2 * time.Second) // more than 60 s
		h.CacheMiss("app", "cache-a")
		synctest.Wait()
		told(t, box, miss, miss, miss)
	})
}

func TestMissesAreBounded(t *testing.T) {
	var m misses
	for i := range 3 * maxMisses {
		if !m.first("app", fmt.Sprint(i)) {
			t.Fatalf("miss %d was never told", i)
		}
		if n := len(m.now) + len(m.past); n > maxMisses {
			t.Fatalf("%d are remembered", n)
		}
	}
	if m.first("app", fmt.Sprint(3*maxMisses-1)) {
		t.Error("the last one is told twice")
	}
}

func TestWHK15CountIsAnInteger(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		for _, n := range []int{1, 2, 0} { // as witnessed: the registry throttles
			h.Witness(channels.Occasion{Kind: channels.Counted, App: "app", Channel: "a", Count: n})
		}
		after(time.Second)
		var got []string
		for _, p := range box.all() {
			got = append(got, p.raw[len(`{"time_ms":946684800000,`):])
		}
		want := []string{
			`"events":[{"name":"subscription_count","channel":"a","subscription_count":1}]}`,
			`"events":[{"name":"subscription_count","channel":"a","subscription_count":2}]}`,
			`"events":[{"name":"subscription_count","channel":"a","subscription_count":0}]}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestFilters(t *testing.T) {
	box := newLetterbox(nil)
	app := hooked("app", "http://box/1", "http://box/2", "http://box/3")
	app.Webhooks[0].Events = []string{apps.ChannelVacated}
	app.Webhooks[1].ChannelPrefix, app.Webhooks[1].ChannelSuffix = "private-", "-x"
	app.Webhooks[2].Events = []string{apps.CacheMiss, apps.ClientEvent}
	bubble(t, Config{Apps: static(t, app), Parallel: 1}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		h.Witness(occupied("private-1-x"))
		h.Witness(occupied("private-1-y"))
		h.Witness(vacated("a"))
		h.Witness(vacated("b"))
		after(time.Second)
		h.Witness(occupied("b")) // only the webhook that wants ends is there for it, and still it counts
		h.ClientEvent("app", "private-1", "client-x", "", "1.2", "")
		h.CacheMiss("app", "cache-1")
		h.Witness(channels.Occasion{Kind: channels.Counted, App: "app", Channel: "a", Count: 1})
		after(time.Minute)
		got := map[string][]string{}
		for _, p := range box.all() {
			for i := range p.Events {
				got[p.url] = append(got[p.url], describe(&p.Events[i]))
			}
		}
		want := map[string][]string{
			"http://box/1": {"channel_vacated a"},
			"http://box/2": {"channel_occupied private-1-x"},
			"http://box/3": {"client_event private-1 client-x ", "cache_miss cache-1"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// What nobody wants leaves nothing behind.
func TestAppsWithoutWebhooks(t *testing.T) {
	box := newLetterbox(nil)
	cfg := Config{Apps: static(t, hooked("app"))}
	bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
		h.Witness(vacated("a"))
		h.Witness(channels.Occasion{Kind: channels.Vacated, App: "unknown", Channel: "a"})
		h.ClientEvent("app", "a", "e", "d", "1.2", "")
		h.CacheMiss("app", "cache-a")
		if s := h.Stats(); s.Lingering != 0 || h.handover.bytes != 0 || h.misses.known.Load() {
			t.Errorf("%+v, %d bytes in the handover", s, h.handover.bytes)
		}
	})
}

// An app that changes its webhooks, its secret, or is removed: what counts is
// what is true when the request is made.
func TestCurrentRecordCounts(t *testing.T) {
	off := &switched{status: 503}
	box := newLetterbox(off.answer)
	store := &shelf{app: hooked("app", "http://box/a")}
	bubble(t, Config{Apps: store}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		after(time.Second / 2)
		changed := hooked("app", "http://box/a", "http://box/b")
		changed.Key, changed.Secret = "new-key", "new-secret"
		store.put(changed)
		off.on.Store(true)
		after(time.Minute)
		posts := box.all()
		if len(posts) != 2 || posts[0].header.Get("X-Pusher-Key") != "app-key" ||
			posts[1].header.Get("X-Pusher-Key") != "new-key" ||
			posts[1].header.Get("X-Pusher-Signature") != sign("new-secret", []byte(posts[1].raw)) {
			t.Errorf("%+v", posts)
		}
		h.Witness(occupied("b"))
		after(time.Second)
		told(t, box, "channel_occupied a", "channel_occupied b", "channel_occupied b")

		off.on.Store(false)
		h.Witness(occupied("c"))
		after(time.Second / 2)
		store.put(hooked("app", "http://box/b")) // one webhook goes
		off.on.Store(true)
		after(time.Minute)
		told(t, box, "channel_occupied a", "channel_occupied b", "channel_occupied b", "channel_occupied c")
		s := h.Stats()
		if s.Dropped[DropRemoved] != 1 || s.Queued != 0 || len(s.Endpoints) != 1 || s.Endpoints[0].URL != "http://box/b" {
			t.Errorf("%+v", s)
		}
		h.Witness(vacated("d"))
		store.put(nil) // the app goes
		after(time.Minute)
		if s := h.Stats(); s.Dropped[DropRemoved] != 2 || len(s.Endpoints) != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// While the store would have to wait, the last record that was seen counts. One
// that was never seen is waited for, and order holds.
func TestStoreThatSaysLater(t *testing.T) {
	box := newLetterbox(nil)
	store := &shelf{app: hooked("app", "http://box"), later: true, err: fmt.Errorf("the database is away")}
	bubble(t, Config{Apps: store}, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		h.ClientEvent("app", "a", "client-1", "", "1.2", "")
		after(10 * time.Second)
		told(t, box)
		store.set(func() { store.err = nil })
		after(time.Minute)
		told(t, box, "channel_occupied a", "client_event a client-1 ")
		store.set(func() { store.err = fmt.Errorf("away again") })
		asked := store.asked
		h.ClientEvent("app", "a", "client-2", "", "1.2", "")
		after(time.Second)
		if got := box.delivered(); len(got) != 3 || store.asked != asked {
			t.Errorf("delivered %v, asked %d times", got, store.asked-asked)
		}
	})
}

// A record that is at hand again while an earlier event still waits for it must
// not let a later event overtake.
func TestNothingOvertakesWhatWaitsForItsRecord(t *testing.T) {
	box := newLetterbox(nil)
	store := &shelf{app: hooked("app", "http://box"), later: true, err: fmt.Errorf("the database is away")}
	bubble(t, Config{Apps: store}, box, func(t *testing.T, h *Hooks) {
		h.ClientEvent("app", "a", "client-1", "", "1.2", "")
		after(100 * time.Millisecond)
		store.set(func() { store.later, store.err = false, nil })
		h.ClientEvent("app", "a", "client-2", "", "1.2", "")
		after(time.Minute)
		told(t, box, "client_event a client-1 ", "client_event a client-2 ")
	})
}

func TestRecordThatNeverComes(t *testing.T) {
	store := &shelf{later: true, err: fmt.Errorf("the database is away")}
	bubble(t, Config{Apps: store}, newLetterbox(nil), func(t *testing.T, h *Hooks) {
		for range maxLimbo + 5 {
			h.ClientEvent("app", "a", "client-1", "", "1.2", "")
		}
		after(time.Second)
		if n := h.Stats().Dropped[DropRecord]; n != 5 {
			t.Errorf("%d beyond the bound", n)
		}
		after(10 * time.Minute)
		if n := h.Stats().Dropped[DropRecord]; n != maxLimbo+5 {
			t.Errorf("%d dropped", n)
		}
		store.set(func() { store.later, store.app = false, hooked("app") })
	})
}
