package users

import (
	"time"

	"fanfare/channels/linger"
)

// Lingering is a user who has gone and still counts as online, written down for
// another process. It travels by encoding/gob: fields keep their names and
// meanings, and zero is as before they existed.
type Lingering struct {
	App, User string
	Left      time.Duration // until those who watch are told
}

// Pause keeps everything back that time alone would have told, until Resume.
// Nothing of the kind is being told any more when it returns.
func (u *Users) Pause() { u.lingers.Pause() }

// Resume ends a pause.
func (u *Users) Resume() { u.lingers.Resume() }

// Export writes down who lingers. Who is signed in, and who watches, comes back by
// itself. Pause comes before it, and the loops must be still.
func (u *Users) Export() []Lingering {
	list := u.lingers.Export()
	all := make([]Lingering, len(list))
	for i, l := range list {
		all[i] = Lingering{App: l.Key.app, User: l.Key.id, Left: l.Left}
	}
	return all
}

// Import takes up what Export wrote down. Nobody is told until Resume if Pause came
// before it.
func (u *Users) Import(all []Lingering) {
	list := make([]linger.Lingering[user], len(all))
	for i, l := range all {
		list[i] = linger.Lingering[user]{Key: user{l.App, l.User}, Left: l.Left}
	}
	u.lingers.Import(list)
}
