package database

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"fanfare/channels/apps"

	"github.com/google/go-cmp/cmp"
)

// lockedBuffer is what a log is written to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func unknown(err error) bool { return errors.Is(err, apps.ErrUnknown) }

func fetched(t *testing.T, fetch func(context.Context, string) (*apps.App, error), name string) *apps.App {
	t.Helper()
	app, err := fetch(t.Context(), name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return app
}

func equal(t *testing.T, want, got *apps.App) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("app (-want +got):\n%s", diff)
	}
}

// fake is a table in memory. Its fields are guarded by mu.
type fake struct {
	mu      sync.Mutex
	rows    map[string]row // by id
	err     error          // of every query
	ignored []string
	asked   []string      // names that were looked for
	loads   [][]string    // ids of each load
	folds   bool          // names are equal whatever their case
	hold    chan struct{} // find waits for it, when there is one
	closed  bool
}

func newFake(rows ...row) *fake {
	f := &fake{rows: make(map[string]row)}
	f.put(rows...)
	return f
}

func (f *fake) put(rows ...row) {
	f.do(func() {
		for _, r := range rows {
			f.rows[r["id"]] = r
		}
	})
}

func (f *fake) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) fail(err error) { f.do(func() { f.err = err }) }

// finds is how many names were looked for.
func (f *fake) finds() (n int) {
	f.do(func() { n = len(f.asked) })
	return n
}

func (f *fake) check(context.Context) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ignored, f.err
}

func (f *fake) find(ctx context.Context, by by, name string) ([]row, error) {
	var hold chan struct{}
	var found []row
	f.do(func() {
		f.asked = append(f.asked, name)
		for _, r := range f.rows {
			equal := r[string(by)] == name || f.folds && strings.EqualFold(r[string(by)], name)
			if equal && len(found) < 2 {
				found = append(found, r)
			}
		}
		hold = f.hold
	})
	if hold != nil { // so what it found may be old when it answers
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	return found, nil
}

func (f *fake) load(_ context.Context, ids []string) ([]row, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loads = append(f.loads, ids)
	var found []row
	for id, r := range f.rows {
		if slices.Contains(ids, id) {
			found = append(found, r)
		}
	}
	return found, f.err
}

func (f *fake) close() error {
	f.do(func() { f.closed = true })
	return nil
}

// named is a row without anything optional.
func named(id string) row { return row{"id": id, "key": "key-" + id, "secret": "secret-" + id} }

// with is a copy with one more value.
func (r row) with(column, value string) row {
	c := maps.Clone(r)
	c[column] = value
	return c
}
