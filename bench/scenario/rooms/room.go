//go:build linux

package rooms

// room is one presence channel.
type room struct {
	*attendance
	channel string
	hearing *hearing
	members []*member // by seat
	turn    int       // who whispers next
}

func newRoom(h *house, number int) *room {
	o := &room{attendance: newAttendance(h.Members), channel: roomChannel(number), hearing: newHearing(h.Members)}
	for seat := range h.Members {
		o.members = append(o.members, &member{house: h, room: o, id: number*h.Members + seat, seat: seat})
	}
	return o
}

// member is the one with an id; nil when it belongs to another room.
func (o *room) member(id int) *member {
	if seat := id - o.members[0].id; seat >= 0 && seat < len(o.members) {
		return o.members[seat]
	}
	return nil
}

// speaker is the next member that is in, nil when there is none.
func (o *room) speaker() *member {
	for range o.members {
		m := o.members[o.turn]
		o.turn = (o.turn + 1) % len(o.members)
		if m.state == present {
			return m
		}
	}
	return nil
}

// list writes down which of a room's members a confirmation names.
func (h *house) list(o *room, payload []byte) {
	clear(h.listed)
	for id, rest := nextMember(payload); id >= 0; id, rest = nextMember(rest) {
		if m := o.member(id); m != nil {
			h.listed.set(m.seat, true)
		}
	}
}

// sendOff makes a member leave that all know to be there.
func (h *house) sendOff() {
	const tries = 16
	for range tries {
		m := h.members[h.random.IntN(len(h.members))]
		if m.state == present && m.room.behind[m.seat] == 0 {
			m.leave(h.manner(m))
			return
		}
	}
}

// manner is how a member leaves. One whose whispers are still on their way
// does not drop its connection: a reset may take them with it.
func (h *house) manner(m *member) Leave {
	way := h.Leave
	if way == Mixed {
		way = [...]Leave{ByUnsubscribing, ByClosing, ByDropping}[h.random.IntN(3)]
	}
	if way == ByDropping && !m.room.hearing.settled(m.seat) {
		way = ByClosing
	}
	return way
}
