//go:build e2e

package hostile

import (
	"encoding/json"
	"errors"
	"fmt"
)

// forgedUser is a member who pretends to be somebody else. Its signed identity is what the others see, whatever it sends.
var forgedUser = attack{
	name:   "forged user_id",
	growth: 16 * mib,
	why:    "20 rooms at once, with two connections each",
	run: func(s *server) error {
		return together(20, func(i int) error {
			room := 0
			return rounds(func() error {
				room++
				return s.forge(fmt.Sprint(i, "-", room))
			})
		})
	},
}

const (
	aliceIs = `{"user_id":"alice","user_info":{"admin":true}}`
	evilIs  = `{"user_id":"evil"}`
)

// forge has alice and evil meet in a new room.
func (s *server) forge(room string) error {
	alice, err := s.connect(victim)
	if err != nil {
		return err
	}
	defer alice.Close()
	evil, err := s.connect(victim)
	if err != nil {
		return err
	}
	defer evil.Close()
	m := &impostor{alice: alice, evil: evil, room: "presence-" + room, private: "private-" + room}
	for _, step := range []func() error{m.enter, m.claims, m.events, m.whispers} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// impostor is evil, in a room with alice.
type impostor struct {
	alice, evil   *peer
	room, private string
}

func (m *impostor) enter() error {
	return errors.Join(
		m.alice.join(victim, m.private, ""), m.alice.join(victim, m.room, aliceIs),
		m.evil.join(victim, m.private, ""), m.evil.join(victim, m.room, evilIs),
		m.alice.getsOnly(m.room, "pusher_internal:member_added", ""),
	)
}

// claims tries to come in as alice, or as nobody.
func (m *impostor) claims() error {
	room, id := m.room+"-2", m.evil.socketID
	token := victim.signer.Token(id, room, evilIs)
	join := func(auth, data string) string {
		return subscribeWith(map[string]string{"channel": room, "auth": auth, "channel_data": data})
	}
	const alice = `{"id":"alice"}`
	signIn := func(auth string) string {
		data, err := json.Marshal(map[string]any{"event": "pusher:signin", "data": map[string]string{"auth": auth, "user_data": alice}})
		if err != nil {
			panic(err) // strings always marshal
		}
		return string(data)
	}
	signed := func(data string) string { return join(victim.signer.Token(id, room, data), data) }
	return each(map[string][2]string{
		"another user's data":     {join(token, aliceIs), "Invalid signature"},
		"one space more":          {join(token, `{"user_id": "evil"}`), "Invalid signature"},
		"a second user_id":        {join(token, `{"user_id":"evil","user_id":"alice"}`), "Invalid signature"},
		"another socket's":        {join(victim.signer.Token(m.alice.socketID, room, aliceIs), aliceIs), "Invalid signature"},
		"another room's":          {join(victim.signer.Token(id, m.room, evilIs), evilIs), "Invalid signature"},
		"a private signature":     {join(victim.signer.Token(id, room), evilIs), "Invalid signature"},
		"no data":                 {subscribeWith(map[string]string{"channel": room, "auth": victim.signer.Token(id, room)}), "without channel_data"},
		"nobody":                  {signed(`{}`), "user_id"},
		"an empty id":             {signed(`{"user_id":""}`), "user_id"},
		"null":                    {signed(`{"user_id":null}`), "user_id"},
		"an object":               {signed(`{"user_id":{"user_id":"alice"}}`), "user_id"},
		"a list":                  {signed(`["alice"]`), "channel_data must be a JSON object"},
		"an id that is too long":  {signed(`{"user_id":"` + padding[:129] + `"}`), "too long"},
		"info that is too long":   {signed(`{"user_id":"evil","user_info":"` + padding[:4096] + `"}`), "too large"},
		"a sign-in unsigned":      {signIn("victim-key:00"), "Invalid signature"},
		"a sign-in of hers":       {signIn(victim.signer.UserToken(m.alice.socketID, alice)), "Invalid signature"},
		"a sign-in by channel":    {signIn(victim.signer.Token(id, m.private, alice)), "Invalid signature"},
		"alice's own channel":     {subscribeWith(map[string]string{"channel": "#server-to-user-alice", "auth": ""}), "#server-to-user-alice"},
		"twice in the same room":  {subscription(victim, id, m.room, `{"user_id":"alice"}`), "Existing subscription"},
		"a whisper from outside":  {`{"event":"client-x","channel":"` + room + `","data":"x","user_id":"alice"}`, "not subscribed"},
		"a whisper to the public": {`{"event":"client-x","channel":"` + crowdChannel + `","data":"x","user_id":"alice"}`, "only supported on private"},
	}, func(c [2]string) error { return m.evil.refused(c[0], c[1]) })
}

// events sends what only the server may say.
func (m *impostor) events() error {
	forged := `","channel":"` + m.room + `","data":"{\"user_id\":\"admin\"}","user_id":"alice"}`
	names := map[string]string{
		"member_added":   "pusher_internal:member_added",
		"member_removed": "pusher_internal:member_removed",
		"succeeded":      "pusher_internal:subscription_succeeded",
		"error":          "pusher:error",
		"no prefix":      "from-the-server",
		"upper case":     "CLIENT-x",
	}
	return errors.Join(
		each(names, func(name string) error { return m.evil.refused(`{"event":"`+name+forged, "Unsupported event") }),
		m.alice.getsOnly("", "", ""),
	)
}

// whispers sends client events with a user_id: in the room they go out under the sender's own, elsewhere without one.
func (m *impostor) whispers() error {
	forged := `","data":"x","user_id":"alice","socket_id":"1.1","user_info":{"admin":true}}`
	return errors.Join(
		m.evil.say(`{"user_id":"alice","event":"client-x","channel":"`+m.room+forged),
		m.alice.getsOnly(m.room, "client-x", "evil"),
		m.evil.say(`{"user_id":"alice","event":"client-x","channel":"`+m.private+forged),
		m.alice.getsOnly(m.private, "client-x", ""),
		m.evil.getsOnly("", "", ""),
	)
}
