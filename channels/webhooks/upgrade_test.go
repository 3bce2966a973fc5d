package webhooks

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// must ends the test at an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// writtenDown suspends and exports, and returns what arrives on the other side.
func writtenDown(t testing.TB, h *Hooks) *State {
	t.Helper()
	must(t, h.Suspend(t.Context()))
	return carried(t, h)
}

func carried(t testing.TB, h *Hooks) *State {
	t.Helper()
	s, err := h.Export(t.Context())
	must(t, err)
	var b bytes.Buffer
	var got State
	must(t, gob.NewEncoder(&b).Encode(s))
	must(t, gob.NewDecoder(&b).Decode(&got))
	return &got
}

// heir starts hooks that take up what others wrote down. They do not run yet.
func heir(t testing.TB, cfg Config, s *State) *Hooks {
	t.Helper()
	cfg.Held = true
	h := start(t, cfg)
	must(t, h.Import(s))
	return h
}

// handOver ends old and returns the hooks that go on.
func handOver(t testing.TB, old *Hooks, cfg Config) *Hooks {
	t.Helper()
	h := heir(t, cfg, writtenDown(t, old))
	h.courier.guarded.Transport, h.courier.open.Transport = old.courier.guarded.Transport, old.courier.open.Transport
	must(t, old.Close(t.Context()))
	must(t, h.Resume())
	return h
}

// send has n client events come on a channel, from number from on.
func send(h *Hooks, ch string, from, n int) {
	for i := range n {
		h.ClientEvent("app", ch, "client-x", strconv.Itoa(from+i), "1.2", "")
	}
}

// wantOnDisk checks what is in a folder, if there is one.
func wantOnDisk(t *testing.T, dir string, events, lingering int) {
	t.Helper()
	if dir == "" {
		return
	}
	if e, l := onDisk(t, dir); e != events || l != lingering {
		t.Errorf("%d events, %d lingerers on disk; want %d, %d", e, l, events, lingering)
	}
}

// Whichever of the two has a folder: what an endpoint refused, what waits behind
// it and what lingers is delivered once, in order, by the other process, and
// nothing stays on disk.
func TestHandOverLosesNothing(t *testing.T) {
	shared := t.TempDir()
	f := func(name, before, then string) {
		t.Run(name, func(t *testing.T) {
			off := &switched{status: 503}
			box := newLetterbox(off.answer)
			cfg := Config{Apps: static(t, hooked("app", box.serve(t))), Dir: before, Delay: 500 * time.Millisecond}
			old := start(t, cfg)
			const each = 40
			for i := range 5 {
				send(old, fmt.Sprint("private-", i), 0, each/2)
			}
			until(t, func() bool { return old.Stats().FailedAttempts > 0 })
			for i := range 5 {
				send(old, fmt.Sprint("private-", i), each/2, each/2)
			}
			old.Witness(vacated("ends"))
			cfg.Dir = then
			next := handOver(t, old, cfg)
			off.on.Store(true)
			box.wait(t, 5*each+1)
			for i := range 5 {
				wantOrderOf(t, box, fmt.Sprint("private-", i), each)
			}
			must(t, next.Close(t.Context()))
			if got := box.delivered(); len(got) != 5*each+1 || !strings.Contains(fmt.Sprint(got), "channel_vacated ends") {
				t.Errorf("%d events were delivered, the last %v", len(got), got[len(got)-1])
			}
			wantOnDisk(t, then, 0, 0)
		})
	}
	f("none", "", "")
	f("the same folder", shared, shared)
	f("the old one", t.TempDir(), "")
	f("the new one", "", t.TempDir())
	f("one each", t.TempDir(), t.TempDir())
}

// Waits go on where they were: a batch's, a retry's with the same batch, and the
// number of failures that the next wait follows from.
func TestHandOverKeepsTheTime(t *testing.T) {
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	app := hooked("app", "http://box")
	app.WebhookBatching = true
	cfg := Config{Apps: static(t, app)}
	bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
		h.Witness(occupied("a"))
		after(700 * time.Millisecond)
		h = handOver(t, h, cfg)
		after(299 * time.Millisecond)
		if n := len(box.all()); n != 0 {
			t.Errorf("%d requests before the batch was due", n)
		}
		after(time.Millisecond) // the first request
		for range 4 {
			h.Witness(occupied("b"))
			after(500 * time.Millisecond)
			h = handOver(t, h, cfg)
			if fails := h.Stats().Endpoints[0].Failing; !fails {
				t.Error("that it fails was forgotten")
			}
		}
		after(10 * time.Second)
		off.on.Store(true)
		after(time.Minute)
		posts := box.all()
		for i, p := range posts[:len(posts)-1] {
			if len(p.Events) != 1 {
				t.Errorf("request %d has %d events", i, len(p.Events))
			}
			if wait := posts[i+1].at.Sub(p.at); i < 3 && (wait < backoffLeast(i+1) || wait > 2*backoffLeast(i+1)) {
				t.Errorf("after request %d it waited %v", i, wait)
			}
		}
		want := []string{"channel_occupied a", "channel_occupied b", "channel_occupied b", "channel_occupied b", "channel_occupied b"}
		told(t, box, want...)
	})
}

func backoffLeast(failures int) time.Duration { return firstDelay << (failures - 1) * 3 / 4 }

// What is too old for another attempt is so by the time that it spent in both
// processes.
func TestHandOverKeepsTheAge(t *testing.T) {
	box := newLetterbox((&switched{status: 500}).answer)
	cfg := Config{RetryFor: 10 * time.Second, Apps: static(t, hooked("app", "http://box"))}
	bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
		send(h, "private-a", 0, 1)
		after(5 * time.Second)
		h = handOver(t, h, cfg)
		if e := h.Stats().Endpoints[0]; e.Oldest != 5*time.Second {
			t.Errorf("the event is %v old", e.Oldest)
		}
		after(15 * time.Second) // the attempt after 10 s may come as late as at 18.75 s
		if s := h.Stats(); s.Dropped[DropExpired] != 1 || s.Queued != 0 {
			t.Errorf("dropped %v, %d queued", s.Dropped, s.Queued)
		}
	})
}

// Ends come when they would have, whoever returns to the other process was not
// away, and a miss is told again when it would have been.
func TestHandOverOfWhatLingers(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			box := newLetterbox(nil)
			cfg := Config{Apps: static(t, hooked("app", "http://box")), Dir: dir, Parallel: 1}
			bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
				h.CacheMiss("app", "cache-a")
				h.CacheMiss("app", "cache-b")
				h.Witness(went("u"))
				h.Witness(vacated("presence-a"))
				h.Witness(went("w"))
				after(2 * time.Second)
				h = handOver(t, h, cfg)
				h.Witness(came("w"))
				h.CacheFilled("app", "cache-b")
				h.CacheMiss("app", "cache-a")
				h.CacheMiss("app", "cache-b")
				after(999 * time.Millisecond)
				misses := []string{"cache_miss cache-a", "cache_miss cache-b", "cache_miss cache-b"}
				told(t, box, misses...)
				after(time.Second)
				told(t, box, append(misses, "member_removed presence-a u", "channel_vacated presence-a")...)
				after(56 * time.Second)
				h = handOver(t, h, cfg)
				h.CacheMiss("app", "cache-a")
				after(time.Second)
				if n := strings.Count(fmt.Sprint(box.delivered()), "cache_miss"); n != 3 {
					t.Errorf("%d misses were told", n)
				}
				h.CacheMiss("app", "cache-a") // its minute is over
				after(time.Second)
				if n := strings.Count(fmt.Sprint(box.delivered()), "cache_miss"); n != 4 {
					t.Errorf("%d misses were told", n)
				}
			})
		})
	}
}

// What waits for its app's record waits on in the other process, the end that
// lingered included, which stays on disk until then.
func TestHandOverOfLimbo(t *testing.T) {
	store := &shelf{app: hooked("app", "http://box")}
	store.set(func() { store.later, store.err = true, errors.New("down") })
	box := newLetterbox(nil)
	cfg := Config{Apps: store, Dir: t.TempDir(), Parallel: 1}
	bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
		h.Witness(vacated("a"))
		after(4 * time.Second)
		h.ClientEvent("app", "private-a", "client-x", "data", "1.2", "user")
		h.Witness(occupied("b"))
		must(t, h.Suspend(t.Context()))
		s, err := h.Export(t.Context())
		must(t, err)
		want := []RecordState{
			{Kind: "channel_vacated", App: "app", Channel: "a", Lingered: true},
			{Kind: "client_event", App: "app", Channel: "private-a", User: "user", Event: "client-x", Data: "data", Socket: "1.2"},
			{Kind: "channel_occupied", App: "app", Channel: "b"},
		}
		if diff := cmp.Diff(want, s.Records); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		wantOnDisk(t, cfg.Dir, 0, 1)
		must(t, h.Resume())
		h = handOver(t, h, cfg)
		after(time.Second)
		told(t, box)
		store.set(func() { store.err = nil })
		after(time.Minute)
		told(t, box, "channel_vacated a", "client_event private-a client-x user data", "channel_occupied b")
		must(t, h.Close(t.Context()))
		wantOnDisk(t, cfg.Dir, 0, 0)
	})
}

// While Hooks are suspended events are queued, and none is sent. A request that
// hangs is waited for, but not for longer than the caller likes.
func TestSuspend(t *testing.T) {
	box := newLetterbox(nil)
	hangs, release := make(chan struct{}, 1), make(chan struct{})
	box.answer = func(n int, _ post) int {
		if n == 0 {
			hangs <- struct{}{}
			<-release
		}
		return http.StatusOK
	}
	h := start(t, Config{Apps: static(t, hooked("app", box.serve(t)))})
	send(h, "private-a", 0, 1)
	<-hangs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := h.Suspend(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	send(h, "private-a", 1, 9)
	close(release)
	box.wait(t, 10) // it goes on
	must(t, h.Suspend(t.Context()))
	send(h, "private-a", 10, 10)
	h.sync(t)
	if s := h.Stats(); s.Queued != 10 || s.Delivered != 10 {
		t.Errorf("%d queued, %d delivered", s.Queued, s.Delivered)
	}
	must(t, h.Resume())
	box.wait(t, 20)
	wantOrderOf(t, box, "private-a", 20)
}

// Suspend returns when a request has ended, not before.
func TestSuspendWaitsForRequests(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		release := make(chan struct{})
		box.answer = func(int, post) int { <-release; return http.StatusOK }
		send(h, "private-a", 0, 3)
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- h.Suspend(t.Context()) }()
		after(time.Second)
		select {
		case err := <-done:
			t.Fatalf("suspended with a request under way: %v", err)
		default:
		}
		close(release)
		must(t, <-done)
		after(time.Hour)
		if n := len(box.all()); n != 1 {
			t.Errorf("%d requests", n)
		}
		must(t, h.Close(t.Context())) // which resumes
		wantOrderOf(t, box, "private-a", 3)
	})
}

// An upgrade that is called off leaves everything as it was, also what the other
// process had already taken up.
func TestCalledOff(t *testing.T) {
	shared := t.TempDir()
	f := func(name, before, then string) {
		t.Run(name, func(t *testing.T) {
			off := &switched{status: 500}
			box := newLetterbox(off.answer)
			cfg := Config{Apps: static(t, hooked("app", "http://box")), Dir: before}
			bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
				h.Witness(vacated("ends"))
				send(h, "private-a", 0, 5)
				after(time.Second)
				other := cfg
				other.Dir = then
				next := heir(t, other, writtenDown(t, h))
				after(10 * time.Second)
				must(t, next.Close(t.Context()))
				if then != before {
					wantOnDisk(t, then, 0, 0)
				}
				off.on.Store(true)
				told(t, box)
				must(t, h.Resume())
				send(h, "private-a", 5, 5)
				after(time.Minute)
				wantOrderOf(t, box, "private-a", 10)
				if got := fmt.Sprint(box.delivered()); strings.Count(got, "channel_vacated") != 1 {
					t.Error(got)
				}
				must(t, h.Close(t.Context()))
				wantOnDisk(t, before, 0, 0)
			})
		})
	}
	f("none", "", "")
	f("the same folder", shared, shared)
	f("the old one", t.TempDir(), "")
	f("the new one", "", t.TempDir())
	f("one each", t.TempDir(), t.TempDir())
}

// Who can't have the database back says so, goes on, and writes to it as soon as
// it can.
func TestDatabaseThatIsNotHadBack(t *testing.T) {
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	var log book
	cfg := Config{Apps: static(t, hooked("app", "http://box")), Dir: t.TempDir(), Log: log.log()}
	bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
		send(h, "private-a", 0, 1)
		writtenDown(t, h)
		thief := newJournal(cfg.Dir, h.cfg.Log, &sums{})
		must(t, thief.open())
		if err := h.Resume(); err == nil || !strings.Contains(err.Error(), "another process uses it") {
			t.Errorf("resumed: %v", err)
		}
		send(h, "private-a", 1, 1)
		after(10 * time.Second)
		if h.Stats().DiskFailures == 0 {
			t.Error("no failure is counted")
		}
		must(t, thief.letGo())
		after(10 * time.Second)
		must(t, h.Close(t.Context()))
		wantOnDisk(t, cfg.Dir, 2, 0)
		if text := log.String(); !strings.Contains(text, "written to disk again") {
			t.Errorf("the log says\n%s", text)
		}
	})
}

// The new process's folder has events that nobody knows of, with numbers that
// others have too. All are delivered, those that were there first.
func TestImportIntoAnotherDatabase(t *testing.T) {
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	store := static(t, hooked("app", box.serve(t)))
	var log book
	first := Config{Apps: store, Dir: t.TempDir()}
	second := Config{Apps: store, Dir: t.TempDir(), Log: log.log(), Delay: time.Hour}
	left := start(t, second)
	send(left, "private-a", 0, 10)
	left.Witness(vacated("ends"))
	left.sync(t)
	must(t, left.Close(t.Context()))
	h := start(t, first)
	send(h, "private-a", 10, 10)
	h.sync(t)
	h = handOver(t, h, second)
	send(h, "private-a", 20, 10)
	h.sync(t)
	if text := log.String(); !strings.Contains(text, first.Dir) {
		t.Errorf("the log says\n%s", text)
	}
	must(t, h.Close(t.Context()))
	wantOnDisk(t, second.Dir, 30, 1)
	off.on.Store(true)
	second.Delay = 100 * time.Millisecond
	h = start(t, second)
	box.wait(t, 31)
	wantOrderOf(t, box, "private-a", 30)
	must(t, h.Close(t.Context()))
	wantOnDisk(t, second.Dir, 0, 0)
}

// An Import that fails takes nothing up and can be tried again.
func TestImportThatFails(t *testing.T) {
	box := newLetterbox(nil)
	store := static(t, hooked("app", box.serve(t)))
	cfg := Config{Apps: store, Dir: t.TempDir()}
	old := start(t, Config{Apps: store, Timeout: time.Second})
	must(t, old.Suspend(t.Context()))
	send(old, "private-a", 0, 3)
	s, err := old.Export(t.Context())
	must(t, err)
	thief := newJournal(cfg.Dir, cfg.Log, &sums{})
	must(t, thief.open())
	cfg.Held = true
	next := start(t, cfg)
	if err := next.Import(s); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("imported: %v", err)
	}
	must(t, thief.letGo())
	s.Records = []RecordState{{Kind: "channel_painted"}}
	if err := next.Import(s); err == nil || !strings.Contains(err.Error(), "channel_painted") {
		t.Errorf("imported: %v", err)
	}
	if n := next.Stats().Queued; n != 0 {
		t.Errorf("%d events were taken up", n)
	}
	s.Records = nil
	must(t, next.Import(s))
	must(t, old.Close(t.Context()))
	if n := len(box.all()); n != 0 {
		t.Errorf("%d requests before anybody resumed", n)
	}
	must(t, next.Resume())
	box.wait(t, 3)
	wantOrderOf(t, box, "private-a", 3)
}

// What is wrong with the folder is known before there is anything to take up.
func TestHeldWithoutFolder(t *testing.T) {
	_, err := New(Config{Apps: static(t), Dir: "/dev/null/x", Held: true})
	if err == nil || !strings.Contains(err.Error(), "webhooks.dir") {
		t.Errorf("held hooks whose folder can't be made: %v", err)
	}
}

// Held hooks that are given nothing start as any do.
func TestHeldThatAreGivenNothing(t *testing.T) {
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	cfg := Config{Apps: static(t, hooked("app", box.serve(t))), Dir: t.TempDir()}
	h := start(t, cfg)
	send(h, "private-a", 0, 10)
	h.sync(t)
	cfg.Held = true
	next := start(t, cfg) // the database is not needed yet
	if err := next.Resume(); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("resumed: %v", err)
	}
	must(t, h.Close(t.Context()))
	off.on.Store(true)
	must(t, next.Resume())
	box.wait(t, 10)
	wantOrderOf(t, box, "private-a", 10)
}

// What came from memory is written to the folder that the new process has: the
// queue, and what lingers.
func TestImportIsWritten(t *testing.T) {
	box := newLetterbox((&switched{status: 500}).answer)
	cfg := Config{Apps: static(t, hooked("app", "http://box"))}
	bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
		send(h, "private-a", 0, 5)
		h.Witness(vacated("a"))
		after(time.Second)
		cfg.Dir = t.TempDir()
		h = handOver(t, h, cfg)
		h.sync(t)
		must(t, h.Close(t.Context()))
		wantOnDisk(t, cfg.Dir, 5, 1)
	})
}

// The new process's bounds hold for what it takes up.
func TestImportIsBounded(t *testing.T) {
	f := func(cfg Config, why Drop) {
		box := newLetterbox((&switched{status: 500}).answer)
		cfg.Apps = static(t, hooked("app", "http://box"))
		bubble(t, Config{Apps: cfg.Apps}, box, func(t *testing.T, h *Hooks) {
			send(h, "private-a", 0, 10)
			after(10 * time.Millisecond)
			h = handOver(t, h, cfg)
			s := h.Stats()
			if s.Queued >= 10 || s.Queued < 4 || s.Dropped[why] != uint64(10-s.Queued) {
				t.Errorf("%d are queued, dropped %v", s.Queued, s.Dropped)
			}
		})
	}
	f(Config{QueueEvents: 5}, DropQueue)
	f(Config{TotalBytes: 2000}, DropMemory)
}

// What another process has is neither sent, dropped, written nor spoken of.
func TestCloseAfterExport(t *testing.T) {
	box := newLetterbox((&switched{status: 500}).answer)
	var log book
	store := &shelf{app: hooked("app", "http://box")}
	cfg := Config{Apps: store, Log: log.log()}
	bubble(t, cfg, box, func(t *testing.T, h *Hooks) {
		send(h, "private-a", 0, 10)
		h.Witness(vacated("a"))
		after(time.Second)
		store.set(func() { store.later, store.err = true, errors.New("down") })
		h.ClientEvent("other", "private-a", "client-x", "", "1.2", "") // its app is waited for
		after(time.Second)
		writtenDown(t, h)
		n, said := len(box.all()), log.String()
		must(t, h.Close(t.Context()))
		after(time.Hour)
		if s := h.Stats(); s.Dropped != (Drops{}) || s.Queued != 10 || len(box.all()) != n || log.String() != said {
			t.Errorf("%+v, %d requests after %d, log\n%s", s, len(box.all()), n, log.String())
		}
	})
}

// Steps that are out of order are refused, and change nothing.
func TestStepsOutOfOrder(t *testing.T) {
	h := start(t, Config{Apps: static(t, hooked("app", "http://127.0.0.1:1"))})
	f := func(do func() error, refuse ...func() error) {
		t.Helper()
		must(t, do())
		for _, r := range refuse {
			if err := r(); err == nil || !strings.Contains(err.Error(), "is not for hooks that are") {
				t.Errorf("not refused: %v", err)
			}
		}
	}
	suspend := func() error { return h.Suspend(t.Context()) }
	export := func() error { _, err := h.Export(t.Context()); return err }
	imports := func() error { return h.Import(&State{}) }
	f(func() error { return nil }, export, imports, h.Resume)
	f(suspend, suspend, imports)
	f(export, suspend, export, imports)
	f(h.Resume, export, imports, h.Resume)
	f(func() error { return h.Close(t.Context()) }, suspend, export, imports, h.Resume)
	h = start(t, Config{Apps: static(t), Held: true})
	f(imports, imports, suspend, export)
}

// An Export whose time is over leaves Hooks suspended, as they were.
func TestExportThatTakesTooLong(t *testing.T) {
	box := newLetterbox(nil)
	bubble(t, Config{}, box, func(t *testing.T, h *Hooks) {
		h.Witness(vacated("a"))
		must(t, h.Suspend(t.Context()))
		release := make(chan struct{})
		h.handover.push(record{kind: errand, letter: &letter{do: func(*desk) { <-release }}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.Export(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		close(release)
		after(5 * time.Second)
		if n := h.Stats().Queued; n != 1 {
			t.Errorf("%d events are queued", n)
		}
		must(t, h.Resume())
		after(time.Second)
		told(t, box, "channel_vacated a")
	})
}

// An end that comes due while all is written down is in one place or the other.
func TestExportCatchesWhatLingers(t *testing.T) {
	bubble(t, Config{}, newLetterbox(nil), func(t *testing.T, h *Hooks) {
		h.Witness(vacated("a"))
		must(t, h.Suspend(t.Context()))
		release := make(chan struct{})
		h.handover.push(record{kind: errand, letter: &letter{do: func(*desk) { <-release }}})
		written := make(chan *State, 1)
		go func() {
			s, _ := h.Export(t.Context())
			written <- s
		}()
		after(time.Minute)
		close(release)
		want := []LingeringState{{App: "app", Channel: "a", Left: 3*time.Second - time.Minute}}
		if s := <-written; s == nil || cmp.Diff(want, s.Lingering) != "" || len(s.Endpoints) != 0 {
			t.Errorf("written down: %+v", s)
		}
	})
}
