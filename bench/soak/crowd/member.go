//go:build linux

package crowd

import (
	"errors"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/soak/account"
)

// member is one client, through all its connections.
type member struct {
	crowd  *crowd
	group  *Group
	tally  *tally
	target *loadgen.Target
	number int // over all crowds
	subs   []*subscription

	client  *loadgen.Client // nil while there is none
	life    int             // connections so far: timers of former ones are void
	failed  int             // attempts in a row
	joined  int             // subscriptions that stand
	leaving farewell
	heard   time.Duration // by the loop's clock, when something came
	pings   int           // that were not answered yet

	said     uint32 // whispers so far
	saidLast time.Duration
	certain  bool // the latest whisper was sent with the subscription that stands
}

// farewell is how far a member that leaves by itself has got.
type farewell uint8

const (
	stays        farewell = iota
	unsubscribed          // from all channels, and the connection is kept
	departed              // it has sent a close frame
)

// subscription is a channel that a member joins, through all its connections.
type subscription struct {
	channel string
	source  int
	state   standing
	account.Stream
	roster   account.Roster          // of a presence channel
	joinedAt time.Duration           // when it was confirmed
	hears    map[int]*account.Stream // whispers, by source; nil when there were none
}

// standing is how a subscription stands.
type standing uint8

const (
	away    standing = iota
	asked            // not confirmed yet
	stands           //
	parting          // unsubscribed, but what the server had sent before may still come
)

// Pauses before the next attempt to connect: as browsers do, but less patient.
const (
	firstPause = 200 * time.Millisecond
	lastPause  = 3 * time.Second
)

func (m *member) connect() {
	m.life++
	m.leaving, m.pings, m.heard = stays, 0, m.crowd.loop.Now()
	life := m.life
	options := loadgen.ClientOptions{
		Opened:        m.subscribe,
		Text:          m.hear,
		Ended:         func(e loadgen.Ending) { m.ended(life, e) },
		ReceiveBuffer: m.group.ReceiveBuffer,
	}
	c, err := m.crowd.loop.Client(m.target, options)
	if err != nil {
		m.ended(life, loadgen.Ending{Err: err})
		return
	}
	if m.life == life { // it has not ended at once
		m.client = c
		m.later(m.crowd.brief.Activity, m.listen)
	}
}

// listen pings a server that was silent for long.
func (m *member) listen() {
	silent := m.crowd.loop.Now() - m.heard
	if silent < m.crowd.brief.Activity {
		m.later(m.crowd.brief.Activity-silent, m.listen)
		return
	}
	asked := m.crowd.loop.Now()
	m.ping()
	if m.client != nil {
		m.later(m.crowd.brief.Pong, func() { m.insist(asked) })
	}
}

func (m *member) ping() {
	m.pings++
	m.client.Ping()
}

// insist ends a connection on which nothing has come since a ping.
func (m *member) insist(asked time.Duration) {
	if m.heard > asked {
		m.listen()
		return
	}
	m.client.Abort()
	m.ended(m.life, loadgen.Ending{Err: errSilent})
}

var errSilent = errors.New("nobody has answered a ping")

// later does something unless the connection has ended by then.
func (m *member) later(wait time.Duration, do func()) {
	life := m.life
	m.crowd.loop.At(m.crowd.loop.Now()+wait, func() {
		if m.life == life {
			do()
		}
	})
}

func (m *member) subscribe() {
	for _, s := range m.subs {
		m.ask(s)
	}
}

func (m *member) ask(s *subscription) {
	s.state = asked
	wish := loadgen.Subscription{Channel: s.channel}
	if m.group.Kind == Room {
		wish.ChannelData = channelData(m.number)
	}
	m.client.Subscribe(wish)
}

// confirmed notes that a subscription stands.
func (m *member) confirmed(s *subscription) {
	s.state, s.joinedAt = stands, Now()
	s.Join(s.joinedAt)
	for _, h := range s.hears {
		h.Join(s.joinedAt)
	}
	m.tally.Joined++
	m.certain = false
	if m.joined++; m.joined < len(m.subs) {
		return
	}
	m.failed = 0
	m.crowd.standing++
	if m.group.Stay > 0 {
		m.later(m.crowd.between(m.group.Stay, 2*m.group.Stay), m.part)
	}
	if m.group.Whisper > 0 {
		m.later(m.crowd.between(0, m.group.Whisper), m.whisper)
	}
}

// absent notes that the subscriptions stand no more.
func (m *member) absent() {
	if m.joined == len(m.subs) {
		m.crowd.standing--
	}
	m.joined = 0
	for _, s := range m.subs {
		s.state = away
		s.Leave()
		for _, h := range s.hears {
			h.Leave()
		}
	}
}

// ended is called when a connection or an attempt is over.
func (m *member) ended(life int, e loadgen.Ending) {
	if m.life != life {
		return
	}
	own, stood := m.leaving == departed, m.joined == len(m.subs)
	m.gone()
	if m.crowd.left {
		return
	}
	if own {
		m.tally.Left++
	} else {
		m.crowd.books.ended(m, stood, e)
	}
	m.later(m.pause(own), m.connect)
}

func (m *member) gone() {
	m.absent()
	m.client = nil
	m.life++
}

// pause doubles with every attempt that fails.
func (m *member) pause(own bool) time.Duration {
	if own {
		return m.crowd.between(firstPause, 2*lastPause) // half of them are taken for away by the server, too
	}
	most := min(firstPause<<m.failed, lastPause)
	if most < lastPause {
		m.failed++
	}
	return m.crowd.between(most/2, most)
}

// part has a member that stayed long enough leave: by a close frame, without a
// word, or only its channels.
func (m *member) part() {
	if m.crowd.settling {
		return
	}
	switch m.crowd.draw.IntN(3) {
	case 0:
		m.leaving = departed
		m.client.Leave()
	case 1:
		m.client.Abort()
		m.tally.Left++
		m.gone()
		m.later(m.pause(true), m.connect)
	default:
		m.unsubscribe()
	}
}

// unsubscribe leaves all channels. When the server has answered a ping sent
// after that, nothing may come on them any more.
func (m *member) unsubscribe() {
	m.absent()
	m.leaving = unsubscribed
	for _, s := range m.subs {
		s.state = parting
		m.client.Unsubscribe(s.channel)
	}
	m.ping()
}

// ponged comes back to the channels that were left.
func (m *member) ponged() {
	if m.pings--; m.pings > 0 || m.leaving != unsubscribed {
		return
	}
	m.leaving = stays
	m.tally.Left++
	for _, s := range m.subs {
		s.state = away
	}
	m.later(m.pause(true), m.subscribe)
}

// whisper sends a client event to the others in the room.
func (m *member) whisper() {
	s := m.subs[0]
	if s.state != stands || m.crowd.settling {
		return
	}
	stamp := account.Stamp{Mark: loadgen.Mark{Source: whispers + m.number, Seq: m.said}, Sent: Now()}
	if m.certain { // the server works off what a connection sends in its order
		stamp.Certain, stamp.CertainSent = m.said, m.saidLast
	}
	text := append([]byte(nil), `{"event":"`+EventSaid+`","channel":"`+s.channel+`","data":"`...)
	m.client.Send(append(account.AppendStamp(text, stamp), `"}`...))
	m.said, m.saidLast, m.certain = m.said+1, stamp.Sent, true
	if m.client != nil {
		m.later(m.crowd.between(m.group.Whisper/2, m.group.Whisper*3/2), m.whisper)
	}
}
