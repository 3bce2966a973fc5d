package webhooks

import (
	"fmt"
	"slices"
	"time"

	"fanfare/channels/linger"
)

// State is what Hooks have, for those of another process: see [Hooks.Export]. It
// and what it is made of travel between versions, by names: fields are never
// renamed, and zero means what it was before there was the field.
type State struct {
	Number     uint64 // of the last event
	Endpoints  []EndpointState
	Lingering  []LingeringState // those of a channel in the order in which they are due
	Records    []RecordState    // that wait for their app's record, in order for each app
	Misses     []MissState
	Database   string // the id of the database that has the events too; "" if there is none
	DatabaseAt string // the path of its file, for people
}

// EndpointState is what is known of a webhook of an app, and what waits for it.
type EndpointState struct {
	App, URL string
	Nth      int    // from 0, among the app's webhooks with this URL
	Standing string // how the last request went: "quick", "slow", "failing"; "" if there was none
	Said     bool   // the log's last word is that it fails
	Lanes    []LaneState
}

// LaneState is a part of an endpoint's queue.
type LaneState struct {
	Events   []EventState  // in the order in which they are to be sent
	Tried    int           // how many at the head were in a request that failed
	Failures int           // in a row
	Wait     time.Duration // until the next request may be made
}

// EventState is an event that waits.
type EventState struct {
	Number  uint64 // ascending in a lane
	Created int64  // Unix milliseconds
	Age     time.Duration
	Channel string
	JSON    []byte
}

// LingeringState is a channel, or a member of one, whose end is not told yet.
type LingeringState struct {
	App, Channel string
	Member       bool
	User         string
	Left         time.Duration
}

// RecordState is what was witnessed and is not an event yet.
type RecordState struct {
	Kind                            string // the name of the event
	App, Channel, User, Event, Data string
	Socket                          string
	Count                           int
	Lingered                        bool // it is an end that lingered
}

// MissState is a cache miss that was told, and how long ago.
type MissState struct {
	App, Channel string
	Ago          time.Duration
}

// The standings in a state.
var standingNames = [standings]string{quick: "quick", unproven: "", slow: "slow", failing: "failing"}

// parseStanding takes a name that is not known for that of an unproven one.
func parseStanding(name string) standing {
	if i := slices.Index(standingNames[:], name); i >= 0 {
		return standing(i)
	}
	return unproven
}

func (r *record) state() RecordState {
	return RecordState{
		Kind: r.kind.String(), App: r.app, Channel: r.channel, User: r.user, Event: r.event, Data: r.data,
		Socket: r.socket, Count: r.count, Lingered: r.fromLingered,
	}
}

// records returns what waits for its app's record.
func (s *State) records() ([]record, error) {
	list := make([]record, len(s.Records))
	for i := range s.Records {
		r := &s.Records[i]
		k := slices.Index(kindNames[:], r.Kind)
		if k < 0 {
			return nil, fmt.Errorf("webhooks: what is handed over has an event %q, which is not known here", r.Kind)
		}
		list[i] = record{
			kind: kind(k), app: r.App, channel: r.Channel, user: r.User, event: r.Event, data: r.Data,
			socket: r.Socket, count: r.Count, fromLingered: r.Lingered,
		}
	}
	return list, nil
}

func (l *LingeringState) lingerer() lingerer {
	return lingerer{app: l.App, channel: l.Channel, user: l.User, member: l.Member}
}

// lingerings returns what lingers, as the set takes it up.
func (s *State) lingerings() []linger.Lingering[lingerer] {
	list := make([]linger.Lingering[lingerer], len(s.Lingering))
	for i := range s.Lingering {
		list[i] = linger.Lingering[lingerer]{Key: s.Lingering[i].lingerer(), Left: s.Lingering[i].Left}
	}
	return list
}

// known returns the numbers of all events.
func (s *State) known() map[uint64]struct{} {
	numbers := map[uint64]struct{}{}
	for i := range s.Endpoints {
		for _, l := range s.Endpoints[i].Lanes {
			for j := range l.Events {
				numbers[l.Events[j].Number] = struct{}{}
			}
		}
	}
	return numbers
}
