package webhooks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"fanfare/channels/apps"
)

// victimDir and victimURL make the test binary a process that is to be killed.
const (
	victimDir = "WEBHOOKS_TEST_VICTIM_DIR"
	victimURL = "WEBHOOKS_TEST_VICTIM_URL"
)

func victimApp(url string) *apps.App {
	app := hooked("app", url)
	app.WebhookBatching = true
	return app
}

// victim witnesses events as fast as it can and writes down how many are on
// disk for sure, until it is killed.
func victim(dir string) {
	store, err := apps.NewStatic(victimApp(os.Getenv(victimURL)))
	if err != nil {
		panic(err)
	}
	h, err := New(Config{Apps: store, Dir: dir, AllowPrivate: true})
	if err != nil {
		panic(err)
	}
	h.Witness(vacated("lingering"))
	for i, late := 0, time.Now().Add(time.Minute); time.Now().Before(late); i++ {
		h.ClientEvent("app", "private-"+strconv.Itoa(i%10), "client-x", strconv.Itoa(i/10), "1.2", "")
		if i%500 == 499 {
			if err := h.Sync(context.Background()); err != nil {
				panic(err)
			}
			_, _ = fmt.Fprintln(os.Stdout, i+1)
		}
	}
	os.Exit(1)
}

// A process is killed while it works; the next one sends all that the first
// knew to be on disk, in order, and the end that was in its delay.
func TestKillLosesNothingThatWasSynced(t *testing.T) {
	off := &switched{status: http.StatusServiceUnavailable}
	box := newLetterbox(off.answer)
	addr, dir := box.serve(t), t.TempDir()
	const kills = 3
	synced := 0
	for range kills {
		synced += killVictim(t, dir, addr)
	}
	off.on.Store(true)
	start(t, Config{Apps: static(t, victimApp(addr)), Dir: dir, Delay: 100 * time.Millisecond})
	box.wait(t, synced)
	// The end that was in its delay is told, perhaps only now.
	const end = apps.ChannelVacated + " lingering"
	until(t, func() bool { return slices.Contains(box.delivered(), end) })
	list := slices.DeleteFunc(box.delivered(), func(line string) bool { return line == end })
	if runs := wantRuns(t, list); len(list) < synced || runs != 10*kills {
		t.Errorf("%d of %d events came, in %d runs", len(list), synced, runs)
	}
}

// killVictim starts a victim, kills it when it has something on disk, and
// returns how many events it knew to be there.
func killVictim(t *testing.T, dir, addr string) (synced int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), victimDir+"="+dir, victimURL+"="+addr)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err = errors.Join(err, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	const enough = 2000
	for lines := bufio.NewScanner(out); lines.Scan(); { // also those that it wrote before it died
		if synced, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatal(err)
		}
		if synced == enough {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); synced < enough {
		t.Fatalf("the victim ended by itself at %d: %v", synced, err)
	}
	return synced
}

// wantRuns checks that in each channel a number is one more than the one before
// it, or 0, since each process counts from there. It returns how many zeros came.
func wantRuns(t *testing.T, list []string) (runs int) {
	t.Helper()
	next := map[string]int{}
	for _, line := range list {
		words := strings.Fields(line)
		ch, n := words[1], words[3]
		if n == "0" {
			next[ch] = 0
			runs++
		}
		if n != strconv.Itoa(next[ch]) {
			t.Fatalf("%s: event %s came when %d was due", ch, n, next[ch])
		}
		next[ch]++
	}
	return runs
}

// onDisk returns how many events and lingerers are in a folder's database.
func onDisk(t *testing.T, dir string) (events, lingering int) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, journalName), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_ = db.View(func(tx *bbolt.Tx) error {
		events = tx.Bucket(eventBucket).Stats().KeyN
		lingering = tx.Bucket(lingerBucket).Stats().KeyN
		return nil
	})
	return events, lingering
}

// Close leaves on disk what an endpoint does not take, and the next start sends
// it; what was delivered is not sent again.
func TestCloseKeepsOnDisk(t *testing.T) {
	off := &switched{status: 500}
	box := newLetterbox(off.answer)
	app := hooked("app", box.serve(t))
	cfg := Config{Apps: static(t, app), Dir: t.TempDir(), Delay: time.Second}
	h := start(t, cfg)
	for i := range 100 {
		h.ClientEvent("app", "private-a", "client-x", strconv.Itoa(i), "1.2", "")
	}
	h.Witness(vacated("stays"))
	h.Witness(vacated("returns"))
	h.sync(t)
	begin := time.Now()
	if err := h.Close(t.Context()); err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
	if n, lingering := onDisk(t, cfg.Dir); n != 100 || lingering != 2 {
		t.Errorf("%d events, %d lingerers on disk", n, lingering)
	}

	off.on.Store(true)
	h = start(t, cfg)
	h.Witness(occupied("returns"))
	box.wait(t, 101)
	wantOrderOf(t, box, "private-a", 100)
	if text := fmt.Sprint(box.delivered()); !strings.Contains(text, "channel_vacated stays") || strings.Contains(text, "returns") {
		t.Error(text)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n, lingering := onDisk(t, cfg.Dir); n != 0 || lingering != 0 {
		t.Errorf("%d events, %d lingerers on disk", n, lingering)
	}
}

func wantOrderOf(t *testing.T, box *letterbox, ch string, n int) {
	t.Helper()
	next := 0
	for _, line := range box.delivered() {
		words := strings.Fields(line)
		if words[1] != ch {
			continue
		}
		if words[3] != strconv.Itoa(next) {
			t.Fatalf("event %s came when %d was due", words[3], next)
		}
		next++
	}
	if next != n {
		t.Errorf("%d of %d events came", next, n)
	}
}

// What is delivered before its commit is due is not written at all.
func TestHealthyEndpointCostsNoDisk(t *testing.T) {
	box := newLetterbox(nil)
	h := start(t, Config{Apps: static(t, hooked("app", box.serve(t))), Dir: t.TempDir()})
	h.Witness(occupied("a"))
	box.wait(t, 1)
	j := h.journal
	e := event{number: 1 << 40, channel: "a", json: []byte(`{}`)}
	j.put(address{app: "app"}, &e)
	j.remove(e.number)
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, put := j.changes.puts[e.number]; put || len(j.changes.removes) > 1 { // the first may have been committed
		t.Errorf("%d removals, put %v", len(j.changes.removes), put)
	}
}

func openJournal(dir string, log *slog.Logger, s *sums) (*journal, error) {
	j := newJournal(dir, log, s)
	return j, j.open()
}

func nothing(uint64) bool { return false }

// A commit that fails loses nothing and is tried again, and what happens
// meanwhile is merged.
func TestCommitThatFails(t *testing.T) {
	var log book
	var s sums
	j, err := openJournal(t.TempDir(), log.log(), &s)
	if err != nil {
		t.Fatal(err)
	}
	put := func(n uint64) { j.put(address{app: "app"}, &event{number: n, json: []byte(`{}`)}) }
	put(1)
	put(2)
	if err := j.commit(); err != nil {
		t.Fatal(err)
	}
	if err := j.db.Close(); err != nil { // now it can't be written
		t.Fatal(err)
	}
	put(3)
	put(4)
	j.remove(1)
	j.hold(lingerer{app: "app", channel: "a"})
	j.hold(lingerer{app: "app", channel: "b"})
	if j.commit() == nil {
		t.Fatal("a closed file takes commits")
	}
	put(5)
	j.remove(3)
	j.remove(2)
	j.release(lingerer{app: "app", channel: "a"})
	if j.commit() == nil || s.diskFailures.Load() != 2 {
		t.Errorf("%d failures", s.diskFailures.Load())
	}
	if err := j.open(); err != nil {
		t.Fatal(err)
	}
	j.start()
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "again") {
		t.Errorf("the log says\n%s", log.String())
	}
	if err := j.open(); err != nil {
		t.Fatal(err)
	}
	var got []string
	err = j.load(nothing,
		func(_ address, e event) { got = append(got, strconv.FormatUint(e.number, 10)) },
		func(l lingerer) { got = append(got, l.channel) },
	)
	if diff := cmp.Diff([]string{"4", "5", "b"}, got); diff != "" || err != nil {
		t.Errorf("on disk (-want +got): %v\n%s", err, diff)
	}
	if err := j.db.Close(); err != nil {
		t.Error(err)
	}
}

// What comes while a commit is about to fail is merged with what it held.
func TestPutBackMerges(t *testing.T) {
	rows := func(list ...uint64) map[uint64]row {
		m := map[uint64]row{}
		for _, n := range list {
			m[n] = row{Created: int64(n)}
		}
		return m
	}
	a, b := lingerer{channel: "a"}, lingerer{channel: "b"}
	j := &journal{changes: changes{
		puts:    rows(5),
		removes: map[uint64]struct{}{2: {}, 3: {}},
		held:    map[lingerer]bool{a: false},
	}}
	j.putBack(changes{
		puts:    rows(3, 4),
		removes: map[uint64]struct{}{1: {}},
		held:    map[lingerer]bool{a: true, b: true},
	})
	want := changes{
		puts:    rows(4, 5),
		removes: map[uint64]struct{}{1: {}, 2: {}},
		held:    map[lingerer]bool{a: false, b: true},
	}
	if diff := cmp.Diff(want, j.changes, cmp.AllowUnexported(changes{}, lingerer{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A transaction that is too large for one is written in parts.
func TestLargeCommit(t *testing.T) {
	var s sums
	j, err := openJournal(t.TempDir(), (&book{}).log(), &s)
	if err != nil {
		t.Fatal(err)
	}
	defer j.db.Close()
	const n = 2*maxCommit + 10
	for i := range n {
		j.put(address{app: "app", url: "u", nth: 1}, &event{number: uint64(i), channel: "<c>", json: []byte(`{"a":"<b>"}`), created: 5})
	}
	for i := range 100 {
		j.hold(lingerer{app: "app", channel: "c", user: strconv.Itoa(i), member: i%2 == 0})
	}
	if err := j.commit(); err != nil {
		t.Fatal(err)
	}
	events, lingerers := 0, map[lingerer]bool{}
	err = j.load(nothing, func(at address, e event) {
		if at != (address{app: "app", url: "u", nth: 1}) || e.number != uint64(events) ||
			e.channel != "<c>" || e.created != 5 || string(e.json) != `{"a":"<b>"}` {
			t.Fatalf("%+v %+v %s", at, e, e.json)
		}
		events++
	}, func(l lingerer) { lingerers[l] = true })
	if err != nil || events != n || len(lingerers) != 51 || !lingerers[lingerer{app: "app", channel: "c"}] ||
		!lingerers[lingerer{app: "app", channel: "c", user: "98", member: true}] {
		t.Errorf("%v: %d events, %d lingerers", err, events, len(lingerers))
	}
}

// A lingerer may end again while its earlier end is on its way to the queues.
func TestHoldingIsCounted(t *testing.T) {
	var s sums
	j, err := openJournal(t.TempDir(), (&book{}).log(), &s)
	if err != nil {
		t.Fatal(err)
	}
	defer j.db.Close()
	l := lingerer{app: "app", channel: "a"}
	count := func() (n int) {
		if err := errors.Join(j.commit(), j.load(nothing, func(address, event) {}, func(lingerer) { n++ })); err != nil {
			t.Fatal(err)
		}
		return n
	}
	j.hold(l)
	j.hold(l)
	j.release(l)
	if count() != 1 {
		t.Error("released too early")
	}
	j.release(l)
	if count() != 0 || len(j.held) != 0 {
		t.Error("held for ever")
	}
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	store := static(t, hooked("app", "http://127.0.0.1:1"))
	f := func(name string, prepare func(t *testing.T, dir string) string, want string) {
		t.Run(name, func(t *testing.T) {
			dir := prepare(t, t.TempDir())
			h, err := New(Config{Apps: store, Dir: dir})
			if err == nil {
				end(h)
			}
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "webhooks.dir") {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
	f("in use", func(t *testing.T, dir string) string {
		start(t, Config{Apps: store, Dir: dir})
		return dir
	}, "another process uses it")
	f("a file", func(t *testing.T, dir string) string {
		path := filepath.Join(dir, "file")
		write(t, path, "hello")
		return path
	}, "cannot make the folder")
	f("garbage", func(t *testing.T, dir string) string {
		write(t, filepath.Join(dir, journalName), strings.Repeat("garbage!", 10_000))
		return dir
	}, "move it away")
	f("damaged", func(t *testing.T, dir string) string {
		h := start(t, Config{Apps: store, Dir: dir})
		for i := range 5000 {
			h.ClientEvent("app", "private-a", "client-x", strconv.Itoa(i), "1.2", "")
		}
		h.sync(t)
		end(h)
		path := filepath.Join(dir, journalName)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 4 * os.Getpagesize(); i < len(b); i++ { // the first pages say where things are
			b[i] = 0xff
		}
		write(t, path, string(b))
		return dir
	}, "move it away")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A row that can't be read costs itself, and nothing else.
func TestUnreadableRows(t *testing.T) {
	box := newLetterbox(nil)
	app := hooked("app", box.serve(t))
	dir := t.TempDir()
	var s sums
	j, err := openJournal(dir, (&book{}).log(), &s)
	if err != nil {
		t.Fatal(err)
	}
	r := row{App: "app", URL: app.Webhooks[0].URL, Channel: "a", Event: []byte(`{"name":"channel_occupied","channel":"a"}`)}
	err = j.db.Update(func(tx *bbolt.Tx) error {
		b, l := tx.Bucket(eventBucket), tx.Bucket(lingerBucket)
		return errors.Join(
			b.Put(numberKey(7), encodeRow(&r)), b.Put(numberKey(6), []byte("{")), b.Put([]byte("short"), nil),
			l.Put([]byte(`["app"]`), nil), l.Put([]byte(`{`), nil), l.Put([]byte(`["app","b"]`), nil),
		)
	})
	if err = errors.Join(err, j.db.Close()); err != nil {
		t.Fatal(err)
	}
	var log book
	h := start(t, Config{Apps: static(t, app), Dir: dir, Log: log.log(), Delay: time.Millisecond})
	box.wait(t, 2)
	if n := h.Stats().Dropped[DropDisk]; n != 4 || strings.Count(log.String(), "unreadable") != 4 {
		t.Errorf("%d dropped, the log says\n%s", n, log.String())
	}
	h.Witness(occupied("next")) // numbers go on after those on disk
	box.wait(t, 3)
	if n := h.number.Load(); n != 9 {
		t.Errorf("the last event has the number %d", n)
	}
}
