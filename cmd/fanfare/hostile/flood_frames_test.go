//go:build e2e && linux

package hostile

import (
	"fmt"
	"time"

	"fanfare/engine/websocket"
	"fanfare/protocol/pusher/auth"
)

// forgery signs with the victim's key and a secret that is not its.
var forgery = auth.NewSigner(victim.key, "not-the-secret")

// spoken is text messages as they leave a client.
func spoken(messages ...string) (b []byte) {
	for _, m := range messages {
		b = websocket.AppendMasked(b, websocket.Text, true, []byte(m), mask)
	}
	return b
}

// talker is a session that sends things and has what comes back thrown away.
type talker struct {
	server *server
	peer   *peer
	n      int
	begin  func(*talker) error // on each new session; may be nil
}

// say sends bytes, on a new session where the last one was ended.
func (x *talker) say(b func() []byte) error {
	if x.peer == nil {
		if err := x.open(); err != nil {
			return err
		}
	}
	x.n++
	_, err := x.peer.Write(b())
	if err != nil {
		x.end()
	}
	return err
}

func (x *talker) open() error {
	p, err := x.server.hurl("")
	if err != nil {
		return err
	}
	if err := p.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := p.upgrade(victim); err != nil {
		p.Close()
		return err
	}
	x.peer = p
	if x.begin != nil {
		if err := x.begin(x); err != nil {
			return err
		}
	}
	if err := p.SetDeadline(time.Time{}); err != nil {
		return err
	}
	go func() { // until the connection ends
		trash := make([]byte, 64*kib)
		for {
			if _, err := p.Read(trash); err != nil {
				return
			}
		}
	}()
	return nil
}

func (x *talker) end() {
	if x.peer != nil {
		x.peer.Close()
		x.peer = nil
	}
}

// talk is a flood of what is said on sessions.
func talk(begin func(*talker) error, say func(x *talker) []byte) func(*server, int) (*stream, error) {
	return func(s *server, _ int) (*stream, error) {
		x := &talker{server: s, begin: begin}
		return &stream{end: x.end, once: func() error { return x.say(func() []byte { return say(x) }) }}, nil
	}
}

// forgedSubscribes asks for private channels with signatures that are wrong.
var forgedSubscribes = flood{
	name: "subscribes with forged signatures", unit: "subscribes", perSecond: 5000, workers: 8, growth: floodsTogether,
	counted: `fanfare_app_refused_total{app="victim",reason="signature"}`,
	setUp: talk(nil, func(x *talker) []byte {
		channel := fmt.Sprintf("private-%d", x.n)
		return spoken(subscribeWith(map[string]string{"channel": channel, "auth": forgery.Token(x.peer.socketID, channel)}))
	}),
}

// tinyFrames sends a byte in each, in every way that is legal.
var tinyFrames = flood{
	name: "tiny frames", unit: "segments of 20 frames", perSecond: 1000, workers: 8, growth: floodsTogether,
	setUp: talk(nil, func(*talker) (b []byte) {
		for range 5 { // a message in three pieces, the last of them empty, and a message that is none
			b = append(b, frame(websocket.Text, false, []byte("x"))...)
			b = append(b, frame(websocket.Continuation, false, nil)...)
			b = append(b, frame(websocket.Continuation, true, nil)...)
			b = append(b, frame(websocket.Text, true, []byte("{"))...)
		}
		return b
	}),
}

// pingStorm pings in both ways.
var pingStorm = flood{
	name: "pings", unit: "segments of 20 pings", perSecond: 2000, workers: 8, growth: floodsTogether,
	setUp: talk(nil, func(*talker) (b []byte) {
		for range 10 {
			b = append(b, frame(websocket.Ping, true, []byte("are you there?"))...)
			b = append(b, spoken(ping)...)
		}
		return b
	}),
}

// churnFlood comes and goes on channels that nobody else is on.
var churnFlood = flood{
	name: "subscribe and leave", unit: "pairs", perSecond: 5000, workers: 8, growth: floodsTogether, counted: `fanfare_app_subscribes_total{app="victim"}`,
	setUp: talk(nil, func(x *talker) []byte {
		channel := fmt.Sprintf("churn-%d-%s", x.n, padding[:150])
		return spoken(subscribeWith(map[string]string{"channel": channel}), leaving(channel))
	}),
}

func leaving(channel string) string {
	return fmt.Sprintf(`{"event":"pusher:unsubscribe","data":{"channel":%q}}`, channel)
}

const crowdedRoom, roomSize = "presence-room", 300

// presenceFlood has members of a room of 300 come and go all the time, which all others are told.
var presenceFlood = flood{
	name: "members who come and go", unit: "pairs", perSecond: 2000, workers: 8, growth: floodsTogether,
	setUp: func(s *server, worker int) (*stream, error) {
		var crew []*talker
		end := func() {
			for _, x := range crew {
				x.end()
			}
		}
		for i := range roomSize / 8 {
			x := &talker{server: s, begin: func(x *talker) error {
				return x.peer.join(victim, crowdedRoom, fmt.Sprintf(`{"user_id":"%d-%d"}`, worker, i))
			}}
			crew = append(crew, x)
			if err := x.open(); err != nil {
				end()
				return nil, err
			}
		}
		x := crew[0]
		return &stream{end: end, once: func() error {
			return x.say(func() []byte {
				return spoken(leaving(crowdedRoom), subscription(victim, x.peer.socketID, crowdedRoom, fmt.Sprintf(`{"user_id":"%d-0"}`, worker)))
			})
		}}, nil
	},
}

// whisperFlood sends more client events than the app lets through.
var whisperFlood = flood{
	name: "client events", unit: "events", perSecond: 5000, workers: 8, growth: floodsTogether,
	counted: `fanfare_app_refused_total{app="victim",reason="rate"}`,
	setUp: talk(func(x *talker) error { return x.peer.join(victim, "private-whispers", "") }, func(*talker) []byte {
		return spoken(`{"event":"client-x","channel":"private-whispers","data":"` + padding[:100] + `"}`)
	}),
}
