// Package users knows which users are signed in, on which connections, and who
// watches whom.
//
// It stands on a [channels.Registry] of its own, in which every user has two
// channels: one whose subscribers are the user's connections, and one for those
// who watch it. So what holds for channels holds here: a look-up takes no lock,
// a message is posted once per loop, and who may call what is the same.
//
// A user is online while signed in on a connection, and for a moment longer, so
// that a page which is loaded anew tells nobody.
//
// A new process that takes over all connections has their users come back with
// [Users.Return] and [Users.WatchAgain], and takes up who lingers with
// [Users.Import]: nobody is told.
package users

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"fanfare/channels"
	"fanfare/channels/linger"
)

// The events that the registry's sinks are given, as [channels.Message.Event].
// UserID is the user that they are about.
const (
	Online     = "online"    // for who watches
	Offline    = "offline"   // for who watches
	Terminated = "terminate" // for the user's connections: close
)

// Prefixes of the names of a user's two channels.
const (
	ownPrefix   = "c"
	watchPrefix = "w"
)

// Users are the signed-in users of all apps. Make it with New, have it witness
// a registry, and Bind that, before anybody comes.
type Users struct {
	registry *channels.Registry
	lingers  *linger.Set[user] // those who have just gone
	delay    time.Duration
	here     atomic.Int64
}

type user struct{ app, id string }

// Delay is how long a user counts as online after it has gone.
func (u *Users) Delay() time.Duration { return u.delay }

// New makes an empty set. Users count as online for so long after they have
// gone.
func New(delay time.Duration) *Users {
	u := &Users{delay: delay}
	u.lingers = linger.New(linger.Config[user]{Delay: delay, Tell: u.tell})
	return u
}

// Bind tells which registry's witness this is.
func (u *Users) Bind(r *channels.Registry) { u.registry = r }

// Stop ends the delays: nobody is told any more who has gone.
func (u *Users) Stop() { u.lingers.Stop() }

// Witness is the registry's [channels.Witness]. That it leads back into the
// registry is safe: locks are taken in the order of a user's own channel, the
// set of those who have gone, and the channel of those who watch.
func (u *Users) Witness(o channels.Occasion) {
	id, own := strings.CutPrefix(o.Channel, ownPrefix)
	if !own {
		return
	}
	switch o.Kind {
	case channels.Occupied:
		u.here.Add(1)
		u.lingers.Begin(user{o.App, id})
	case channels.Vacated:
		u.here.Add(-1)
		u.lingers.End(user{o.App, id})
	case channels.MemberCame, channels.MemberWent, channels.Counted, channels.CacheMissed, channels.CacheFilled:
	}
}

// tell tells who watches the user.
func (u *Users) tell(who user, change linger.Change) {
	event := Online
	switch change {
	case linger.Came:
	case linger.Gone:
		event = Offline
	case linger.Left, linger.Returned:
		return
	}
	u.registry.Announce(&channels.Message{App: who.app, Channel: watchPrefix + who.id, Event: event, UserID: who.id})
}

// SignIn is a connection that a user signs in on.
type SignIn struct {
	App, User string
	Place     channels.Place
	Handle    channels.Handle

	// Max limits the user's connections here; 0 is no limit.
	Max int
}

// TooManyError refuses a sign-in, because the user is signed in as often as it
// may be.
type TooManyError struct {
	User string
	Max  int
}

// Error names the user and the limit.
func (e *TooManyError) Error() string {
	return fmt.Sprintf("user %q is signed in on %d connections, which is the app's limit", e.User, e.Max)
}

// SignIn makes a connection the user's, until it is ended with [Users.End]. Call
// it on the connection's loop. It fails with a [TooManyError].
func (u *Users) SignIn(s *SignIn) (*channels.Subscription, error) {
	sub, err := u.registry.Subscribe(channels.Join{
		App: s.App, Channel: ownPrefix + s.User, Place: s.Place, Handle: s.Handle, MaxSubscriptions: s.Max,
	})
	if errors.Is(err, channels.ErrFull) {
		return nil, &TooManyError{User: s.User, Max: s.Max}
	}
	return sub, err
}

// Return makes a connection the user's again that was so in another process. It
// is refused by no limit, and nobody is told. Call it on the connection's loop.
func (u *Users) Return(s *SignIn) *channels.Subscription {
	sub, first := u.registry.Return(&channels.Return{
		App: s.App, Channel: ownPrefix + s.User, Place: s.Place, Handle: s.Handle,
	})
	if first {
		u.here.Add(1)
	}
	return sub
}

// WatchAgain is Watch for a connection that watched the user in another process, and
// knows what was told there.
func (u *Users) WatchAgain(app, id string, place channels.Place, h channels.Handle) *channels.Subscription {
	sub, _ := u.registry.Return(&channels.Return{App: app, Channel: watchPrefix + id, Place: place, Handle: h})
	return sub
}

// Watch has a connection told when the user comes and goes, until it is ended
// with [Users.End]. Ask for [Users.Online] afterwards. Call it on the
// connection's loop.
func (u *Users) Watch(app, id string, place channels.Place, h channels.Handle) (*channels.Subscription, error) {
	return u.registry.Subscribe(channels.Join{App: app, Channel: watchPrefix + id, Place: place, Handle: h})
}

// Watched returns the user that a subscription of Watch is for.
func Watched(s *channels.Subscription) string { return s.Channel()[len(watchPrefix):] }

// End ends what SignIn or Watch began. Call it on the connection's loop.
func (u *Users) End(s *channels.Subscription) { u.registry.Unsubscribe(s) }

// Online reports whether the user counts as online. Any goroutine.
func (u *Users) Online(app, id string) bool {
	return u.lingers.On(user{app, id}, func() bool { return u.registry.Subscribers(app, ownPrefix+id) > 0 })
}

// Terminate has the user's connections closed, and calls done when all of them
// will be. Any goroutine.
func (u *Users) Terminate(app, id string, done func(error)) {
	u.registry.Announce(&channels.Message{App: app, Channel: ownPrefix + id, Event: Terminated, UserID: id})
	done(nil)
}

// Len returns how many users are signed in. Any goroutine.
func (u *Users) Len() int64 { return u.here.Load() }
