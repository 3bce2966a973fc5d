//go:build linux

package rooms

import (
	"bytes"
	"fmt"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario/course"
)

// presence is where a member is.
type presence uint8

const (
	away     presence = iota // must not get anything from the room
	entering                 // waits for its subscription's confirmation
	present
	leaving // what is still on its way may come
)

// member is one user of a room.
type member struct {
	house  *house
	room   *room
	id     int // among all, and its user id
	seat   int // in its room
	client *loadgen.Client
	state  presence
	manner Leave         // of its latest leaving
	moved  time.Duration // when it set out to enter or to leave
	due    bool          // has been away for long enough
}

// enter subscribes, on a new connection if there is none.
func (m *member) enter() (err error) {
	m.state, m.due = entering, false
	if m.client != nil && m.client.Alive() {
		m.subscribe()
		return nil
	}
	o := loadgen.ClientOptions{Opened: m.subscribe, Text: m.text, Ended: m.ended}
	if tear := m.house.tear; tear != nil {
		o.Tear = func(size int) int { return tear(m.client, size) }
	}
	m.client, err = m.house.run.Loop.Client(m.house.run.Target, o)
	return err
}

func (m *member) subscribe() {
	m.moved = m.house.run.Loop.Now()
	m.room.move(m.seat, true)
	m.client.Subscribe(loadgen.Subscription{Channel: m.room.channel, ChannelData: channelData(m.id, m.house.InfoBytes)})
}

// text takes what the server sends.
func (m *member) text(payload []byte) {
	h := m.house
	h.events++
	if mark, at := loadgen.FindMark(payload, h.hint); at >= 0 {
		h.hint = at
		m.hear(mark, payload[at+loadgen.MarkSize:])
		return
	}
	switch {
	case bytes.Contains(payload, []byte(`"pusher_internal:member_added"`)):
		m.tell(payload, true)
	case bytes.Contains(payload, []byte(`"pusher_internal:member_removed"`)):
		m.tell(payload, false)
	case bytes.Contains(payload, []byte(`"pusher_internal:subscription_succeeded"`)):
		m.admit(payload)
	case m.state == leaving && bytes.Contains(payload, []byte(`"pusher:pong"`)):
		m.gone()
	}
}

// admit takes the confirmation of the subscription, which lists the members.
func (m *member) admit(payload []byte) {
	h := m.house
	if m.state != entering {
		h.tally.wrong++
		return
	}
	course.Record(h.entered, h.run.Loop.Now()-m.moved)
	h.list(m.room, payload)
	m.state = present
	m.room.admit(m.seat, h.listed)
	m.room.hearing.admit(m.seat)
	h.outside--
	if !h.crowd.Ready() {
		h.crowd.Arrive()
	}
}

// tell takes a member event.
func (m *member) tell(payload []byte, here bool) {
	h := m.house
	id, _ := nextMember(payload)
	if id < 0 || m.state == leaving {
		return // somebody else's; or it has crossed our leaving
	}
	subject := m.room.member(id)
	if subject == nil || m.state != present || !m.room.tell(m.seat, subject.seat, here) {
		h.tally.wrong++
		return
	}
	h.news()
	h.tally.told++
	if m.room.here[subject.seat] == here {
		course.Record(h.told, h.run.Loop.Now()-subject.moved)
	}
	subject.comeBack()
}

// leave sets out to leave.
func (m *member) leave(manner Leave) {
	h := m.house
	h.outside++
	h.tally.leaves++
	m.state, m.manner, m.moved = leaving, manner, h.run.Loop.Now()
	m.room.dismiss(m.seat)
	m.room.hearing.dismiss(m.seat)
	m.room.move(m.seat, false)
	switch manner {
	case ByUnsubscribing:
		m.client.Unsubscribe(m.room.channel)
		m.client.Ping() // its answer tells that the room is left
	case ByClosing:
		m.client.Leave()
	default:
		m.client.Abort()
		m.gone()
	}
	for _, other := range m.room.members {
		other.comeBack() // if only this one was still to be told
	}
}

// gone notes that the server has let go.
func (m *member) gone() {
	m.state = away
	h := m.house
	h.run.Loop.At(h.run.Loop.Now()+h.Away, func() {
		m.due = true
		m.comeBack()
	})
}

// comeBack enters again when it is time and all know that it had left.
func (m *member) comeBack() {
	if m.state != away || !m.due || m.room.behind[m.seat] > 0 {
		return
	}
	if err := m.enter(); err != nil {
		m.house.crowd.Fail(m.name(), err)
	}
}

func (m *member) ended(e loadgen.Ending) {
	if m.state == leaving && m.manner == ByClosing {
		m.gone()
		return
	}
	m.house.crowd.Fail(m.name(), e.Err)
}

func (m *member) name() string { return fmt.Sprintf("member %d of %s", m.id, m.room.channel) }
