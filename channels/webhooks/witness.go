package webhooks

import (
	"hash/maphash"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/linger"
)

// Witness takes note of what the registry tells; it is a [channels.Witness].
// For an app without webhooks it is one look at the app's record. Otherwise it
// takes two short locks. After Close nothing is taken.
func (h *Hooks) Witness(o channels.Occasion) {
	if !h.wanted(o.App, o.Channel, interest(o.Kind)) {
		return
	}
	switch o.Kind {
	case channels.Occupied:
		h.lingering.Begin(lingerer{app: o.App, channel: o.Channel})
	case channels.Vacated:
		h.lingering.End(lingerer{app: o.App, channel: o.Channel})
	case channels.MemberCame:
		h.lingering.Begin(lingerer{app: o.App, channel: o.Channel, user: o.UserID, member: true})
	case channels.MemberWent:
		h.lingering.End(lingerer{app: o.App, channel: o.Channel, user: o.UserID, member: true})
	case channels.Counted:
		h.handover.push(record{kind: subscriptionCount, app: o.App, channel: o.Channel, count: o.Count})
	case channels.CacheMissed:
		h.CacheMiss(o.App, o.Channel)
	case channels.CacheFilled:
		h.CacheFilled(o.App, o.Channel)
	}
}

// ClientEvent takes note of an event that was accepted from a client. UserID is
// "" but on presence channels. The strings are kept. It may be called on a loop,
// by any goroutine.
func (h *Hooks) ClientEvent(app, channel, event, data, socketID, userID string) {
	if h.wanted(app, channel, 1<<clientEvent) {
		h.handover.push(record{
			kind: clientEvent, app: app, channel: channel,
			event: event, data: data, socket: socketID, user: userID,
		})
	}
}

// CacheMiss takes note that somebody subscribed to a cache channel that has
// nothing to replay. It is told once until CacheFilled is called, or 60 s have
// passed. It may be called on a loop, by any goroutine.
func (h *Hooks) CacheMiss(app, channel string) {
	if h.wanted(app, channel, 1<<cacheMiss) && h.misses.first(app, channel) {
		h.handover.push(record{kind: cacheMiss, app: app, channel: channel})
	}
}

// CacheFilled says that the channel has something to replay: the next miss will
// be told. It costs next to nothing while no miss was told. It may be called on
// a loop, by any goroutine.
func (h *Hooks) CacheFilled(app, channel string) { h.misses.forget(app, channel) }

// interest returns the events that may come of an occasion. Both of a pair
// count: somebody who only wants to hear of ends needs beginnings to be known.
func interest(k channels.OccasionKind) uint8 {
	switch k {
	case channels.Occupied, channels.Vacated:
		return 1<<channelOccupied | 1<<channelVacated
	case channels.MemberCame, channels.MemberWent:
		return 1<<memberAdded | 1<<memberRemoved
	case channels.CacheMissed, channels.CacheFilled:
		return 1 << cacheMiss
	default:
		return 1 << subscriptionCount
	}
}

// wanted tells whether the app has a webhook for one of the events. It does not
// know when there is no record at hand: then the desk will find out.
func (h *Hooks) wanted(app, channel string, events uint8) bool {
	record, answer := h.apps.peek(app)
	switch {
	case answer == apps.Later:
		return !h.closed.Load()
	case record == nil || len(record.Webhooks) == 0 || h.closed.Load():
		return false
	}
	for i := range record.Webhooks {
		for k := range kinds {
			if events&(1<<k) != 0 && record.Webhooks[i].Wants(kindNames[k], channel) {
				return true
			}
		}
	}
	return false
}

// lingerer is a channel, or a member of one, that went and may come back.
type lingerer struct {
	app, channel, user string
	member             bool
}

var homeSeed = maphash.MakeSeed()

// home is the same for a channel and all its members, so that the last member's
// end is told before the channel's.
func (l lingerer) home() uint64 {
	return maphash.Comparable(homeSeed, [2]string{l.app, l.channel})
}

// lingered is told what becomes of what lingers, with the lock of the lingerer's
// home held.
func (h *Hooks) lingered(l lingerer, c linger.Change) {
	r := record{app: l.app, channel: l.channel, user: l.user}
	switch c {
	case linger.Left:
		h.journal.hold(l)
		return
	case linger.Returned:
		h.journal.release(l)
		return
	case linger.Came:
		r.kind = channelOccupied
	case linger.Gone:
		r.kind, r.fromLingered = channelVacated, true
	}
	if l.member {
		r.kind += memberAdded - channelOccupied
	}
	h.handover.push(r)
}

// lingerer returns what the record was while it lingered.
func (r *record) lingerer() lingerer {
	return lingerer{app: r.app, channel: r.channel, user: r.user, member: r.kind == memberRemoved}
}
