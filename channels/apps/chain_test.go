package apps

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shelf is a Source that has to be asked for each app once, as a database has.
type shelf struct {
	telling sync.Mutex // held until a change has been told; no look-up takes it
	changed func(before, now *App)

	mu    sync.Mutex
	rows  map[string]*App // by id; guarded by telling, as away is
	known map[string]*App // by id: those that were fetched
	away  error           // what Fetch fails with
}

var _ Source = (*shelf)(nil)

func newShelf(list ...*App) *shelf {
	s := &shelf{rows: make(map[string]*App), known: make(map[string]*App)}
	for _, a := range list {
		s.rows[a.ID] = a
	}
	return s
}

func (s *shelf) ByID(id string) (*App, Answer) {
	return s.find(func(a *App) bool { return a.ID == id })
}

func (s *shelf) ByKey(key string) (*App, Answer) {
	return s.find(func(a *App) bool { return a.Key == key })
}

func (s *shelf) find(is func(*App) bool) (*App, Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.known {
		if is(a) {
			return a, Found
		}
	}
	return nil, Later
}

func (s *shelf) FetchByID(_ context.Context, id string) (*App, error) {
	return s.fetch(func(a *App) bool { return a.ID == id })
}

func (s *shelf) FetchByKey(_ context.Context, key string) (*App, error) {
	return s.fetch(func(a *App) bool { return a.Key == key })
}

func (s *shelf) fetch(is func(*App) bool) (*App, error) {
	s.telling.Lock()
	defer s.telling.Unlock()
	if s.away != nil {
		return nil, s.away
	}
	for _, a := range s.rows {
		if is(a) {
			s.know(a.ID, a)
			return a, nil
		}
	}
	return nil, ErrUnknown
}

func (s *shelf) Subscribe(changed func(before, now *App)) { s.changed = changed }

// set is what a refresh of the database does with an app that has changed.
func (s *shelf) set(id string, now *App) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.rows[id] = now
	if now == nil {
		delete(s.rows, id)
	}
	s.know(id, now)
}

// know is called with telling held.
func (s *shelf) know(id string, now *App) {
	s.mu.Lock()
	before := s.known[id]
	s.known[id] = now
	if now == nil {
		delete(s.known, id)
	}
	s.mu.Unlock()
	if before != now && s.changed != nil {
		s.changed(before, now)
	}
}

// named is an app whose secret tells where it comes from.
func named(id, key, secret string) *App { return New(id, key, secret) }

func TestChainFinds(t *testing.T) {
	first := newDynamic(t, named("1", "k1", "file"), named("2", "k2", "file"))
	second := newShelf(
		named("3", "k3", "row"),
		named("1", "k4", "row"), // has the id of a file's
		named("5", "k2", "row"), // has the key of a file's
	)
	c := NewChain(first, second)
	f := func(id, key, want string, before, after Answer) {
		t.Helper()
		wantAnswers(t, c, id, key, before)
		wantFetched(t, c, id, key, want)
		wantAnswers(t, c, id, key, after)
	}
	f("1", "k1", "file", Found, Found)
	f("2", "k2", "file", Found, Found)
	f("3", "k3", "row", Later, Found)
	f("9", "k9", "", Later, Later)
	f("5", "k4", "", Later, Unknown) // both hidden, and known to the second from here on

	second.away = errors.New("away")
	if _, err := c.FetchByKey(t.Context(), "k9"); !errors.Is(err, second.away) {
		t.Errorf("while the second is away: %v", err)
	}
	wantFetched(t, c, "1", "k1", "file")
}

func wantAnswers(t *testing.T, c *Chain, id, key string, want Answer) {
	t.Helper()
	byID, answer1 := c.ByID(id)
	byKey, answer2 := c.ByKey(key)
	if answer1 != want || answer2 != want {
		t.Errorf("%q is %v, %q is %v, want %v", id, answer1, key, answer2, want)
	}
	if byID != byKey || (byID != nil) != (want == Found) {
		t.Errorf("%q is %v, %q is %v", id, byID, key, byKey)
	}
}

// wantFetched wants the app with that secret, or none for "".
func wantFetched(t *testing.T, c *Chain, id, key, want string) {
	t.Helper()
	byID, err1 := c.FetchByID(t.Context(), id)
	byKey, err2 := c.FetchByKey(t.Context(), key)
	wantErr := error(nil)
	if want == "" {
		wantErr = ErrUnknown
	}
	if !errors.Is(err1, wantErr) || !errors.Is(err2, wantErr) || byID != byKey || secretOf(byID) != want {
		t.Errorf("%q, %q: fetched %v (%v), %v (%v), want that of the %s", id, key, byID, err1, byKey, err2, want)
	}
}

// told collects changes as "id:before>now" by secrets.
func told(c *Chain) (take func() []string) {
	var list []string
	c.Subscribe(func(before, now *App) {
		id := ""
		for _, a := range []*App{before, now} {
			if a != nil {
				id = a.ID
			}
		}
		if a, _ := c.ByID(id); a != now {
			list = append(list, "not in force:")
		}
		list = append(list, id+":"+secretOf(before)+">"+secretOf(now))
	})
	return func() []string {
		taken := list
		list = nil
		return taken
	}
}

func TestChainTellsChanges(t *testing.T) {
	first := newDynamic(t, named("1", "k1", "file"))
	second := newShelf(named("3", "k3", "row"))
	c := NewChain(first, second)
	take := told(c)
	expect := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, take()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	files := func(list ...*App) {
		t.Helper()
		if _, err := first.Replace(0, list...); err != nil {
			t.Fatal(err)
		}
	}
	one := named("1", "k1", "file")

	second.set("3", named("3", "k3", "row2"))
	expect("met for the first time", "3:>row2")
	second.set("3", named("3", "k3", "row3"))
	expect("a changed row", "3:row2>row3")
	second.set("4", named("4", "k1", "row"))
	second.set("4", nil)
	expect("a row with a file's key, and its end")

	files(one, named("3", "k3", "file"))
	expect("a row's id in a file", "3:row3>file")
	second.set("3", named("3", "k3", "row4"))
	expect("a row that is hidden")
	files(one)
	expect("that app is out of the files again", "3:file>row4")

	files(one, named("7", "k3", "file"))
	expect("a row's key in a file", "7:>file", "3:row4>")
	second.set("3", named("3", "k33", "row5"))
	expect("that row has a key of its own", "3:>row5")
	second.set("3", named("3", "k3", "row6"))
	expect("and the file's again", "3:row5>")
	files(one, named("7", "k7", "file"))
	expect("the file's app has another key", "7:file>file", "3:>row6")
	files(one, named("7", "k3", "file"))
	expect("and the row's again", "7:file>file", "3:row6>")
	files(one)
	expect("the file's app is gone", "7:file>", "3:>row6")
}

// An app that is moved into the database before it leaves the files is never
// gone, although nobody has asked the database for it yet.
func TestChainMovesAnApp(t *testing.T) {
	first := newDynamic(t, named("1", "k1", "file"))
	second := newShelf(named("1", "k1", "row"))
	take := told(NewChain(first, second))
	if _, err := first.Replace(0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1:>row", "1:file>row"}, take()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}

	second = newShelf(named("1", "k1", "row"))
	second.away = errors.New("away")
	first = newDynamic(t, named("1", "k1", "file"))
	take = told(NewChain(first, second))
	if _, err := first.Replace(0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1:file>"}, take()); diff != "" {
		t.Errorf("told while the database is away (-want +got):\n%s", diff)
	}
}

// What was told last is what is in force, whichever of the two changes when.
func TestChainTellsInOrder(t *testing.T) {
	first, second := newDynamic(t), newShelf()
	c := NewChain(first, second)
	var last *App
	c.Subscribe(func(_, now *App) { last = now }) // told one at a time
	row := []*App{named("1", "k1", "row"), named("1", "k1", "row2")}
	var changes sync.WaitGroup
	changes.Go(func() {
		for i := range 2000 {
			second.set("1", row[i%2])
		}
	})
	changes.Go(func() {
		for i := range 2000 {
			list := []*App{named("1", "k1", "file")}
			if _, err := first.Replace(0, list[:i%2]...); err != nil {
				t.Error(err)
			}
		}
	})
	changes.Wait()
	if a, _ := c.ByID("1"); a != last {
		t.Errorf("%v is in force, %v was told last", a, last)
	}
}

func TestChainAllocatesNothing(t *testing.T) {
	second := newShelf()
	c := NewChain(newDynamic(t, named("1", "k1", "file")), second)
	second.set("2", named("2", "k2", "row"))
	for _, key := range []string{"k1", "k2"} {
		n := testing.AllocsPerRun(100, func() {
			if _, answer := c.ByKey(key); answer != Found {
				t.Errorf("%s is %v", key, answer)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", key, n)
		}
	}
}

func BenchmarkChain(b *testing.B) {
	first, err := NewDynamic(named("1", "k1", "file"))
	if err != nil {
		b.Fatal(err)
	}
	second, err := NewDynamic(named("2", "k2", "row"))
	if err != nil {
		b.Fatal(err)
	}
	for name, store := range map[string]Store{"alone": first, "chain": NewChain(first, second)} {
		for _, key := range []string{"k1", "k2"} {
			if _, answer := store.ByKey(key); answer != Found {
				continue
			}
			b.Run(name+"/"+key, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, _ = store.ByKey(key)
				}
			})
		}
	}
}
