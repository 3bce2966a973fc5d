package apps

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Static is a [Store] of apps that are known at start. It never says [Later];
// a lookup is one map access and allocates nothing. It never changes, so all
// goroutines may use it.
type Static struct {
	list  []*App
	byKey map[string]*App
	byID  map[string]*App
}

var _ Store = (*Static)(nil)

// NewStatic checks every app, and that no two share an id or a key. It reports
// all that is wrong, joined. The apps are copied; later changes to the
// arguments have no effect.
func NewStatic(list ...*App) (*Static, error) {
	own := make([]*App, len(list))
	for i, a := range list {
		own[i] = a.clone()
	}
	return newStatic(own)
}

// newStatic is NewStatic with apps that it may keep.
func newStatic(list []*App) (*Static, error) {
	s := &Static{
		list:  make([]*App, 0, len(list)),
		byKey: make(map[string]*App, len(list)),
		byID:  make(map[string]*App, len(list)),
	}
	var errs []error
	for _, a := range list {
		errs = append(errs, a.Validate(), s.add(a))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Static) add(a *App) error {
	if _, taken := s.byID[a.ID]; taken {
		return fmt.Errorf("app %q: id is used twice: give each app its own", a.ID)
	}
	if other, taken := s.byKey[a.Key]; taken {
		return fmt.Errorf("app %q: key %q is app %q's already: give each app its own", a.ID, a.Key, other.ID)
	}
	s.list = append(s.list, a)
	s.byID[a.ID], s.byKey[a.Key] = a, a
	return nil
}

// ByKey implements [Store].
func (s *Static) ByKey(key string) (*App, Answer) { return answer(s.byKey[key]) }

// ByID implements [Store].
func (s *Static) ByID(id string) (*App, Answer) { return answer(s.byID[id]) }

// ByKeyBytes is ByKey for a key that lies in a read buffer; nothing is copied.
func (s *Static) ByKeyBytes(key []byte) (*App, Answer) { return answer(s.byKey[string(key)]) }

// ByIDBytes is ByID for an id that lies in a read buffer; nothing is copied.
func (s *Static) ByIDBytes(id []byte) (*App, Answer) { return answer(s.byID[string(id)]) }

// FetchByKey implements [Store]; it does not wait.
func (s *Static) FetchByKey(_ context.Context, key string) (*App, error) {
	return fetched(s.byKey[key])
}

// FetchByID implements [Store]; it does not wait.
func (s *Static) FetchByID(_ context.Context, id string) (*App, error) {
	return fetched(s.byID[id])
}

// All yields the apps in the order in which they were given.
func (s *Static) All() iter.Seq[*App] { return slices.Values(s.list) }

// Len returns how many apps there are.
func (s *Static) Len() int { return len(s.list) }

func answer(a *App) (*App, Answer) {
	if a == nil {
		return nil, Unknown
	}
	return a, Found
}

func fetched(a *App) (*App, error) {
	if a == nil {
		return nil, ErrUnknown
	}
	return a, nil
}
