package apps

import (
	"context"
	"errors"
)

// ErrUnknown is what a Fetch method returns (perhaps wrapped) when there is no
// such app. Any other error means that the store could not tell.
var ErrUnknown = errors.New("unknown app")

// Answer is what a store says at once.
type Answer uint8

// The answers. Unknown is the zero value, so that a store which forgets to
// answer lets nobody in.
const (
	// Unknown is final: there is no such app.
	Unknown Answer = iota
	// Found is final: the app is in the other result.
	Found
	// Later means that the store would have to wait: ask the Fetch method of the
	// same name on a worker.
	Later
)

// String returns the answer's name.
func (a Answer) String() string {
	switch a {
	case Unknown:
		return "unknown"
	case Found:
		return "found"
	case Later:
		return "later"
	}
	return "invalid answer"
}

// Store finds apps. All methods may be called by any goroutine at any time.
//
// The key or id is borrowed until the method returns: a store that keeps it
// (in a cache, say) keeps a copy. So a loop may ask with bytes of its read
// buffer. Whatever string comes from a client must not grow a store's memory
// without bound.
type Store interface {
	// ByKey and ByID never wait and may be called on a loop. The app is non-nil
	// exactly when the answer is Found.
	ByKey(key string) (*App, Answer)
	ByID(id string) (*App, Answer)

	// FetchByKey and FetchByID may wait until ctx ends and belong on a worker.
	// They return ErrUnknown when there is no such app. They may be asked
	// without a Later before.
	FetchByKey(ctx context.Context, key string) (*App, error)
	FetchByID(ctx context.Context, id string) (*App, error)
}
