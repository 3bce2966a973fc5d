package pushertest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// enter notes a member of a presence channel. joined is false when its user is
// there already, and list is the data of the confirmation. The lock must be
// held.
func (s *Server) enter(c *conn, channel, channelData string) (joined bool, list string) {
	if !strings.HasPrefix(channel, "presence-") {
		return false, "{}"
	}
	var user struct {
		ID string `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(channelData), &user); err != nil {
		s.t.Errorf("channel_data %q: %v", channelData, err)
	}
	if s.users[channel] == nil {
		s.users[channel] = make(map[string]int)
	}
	users := s.users[channel]
	users[user.ID]++
	c.users[channel] = user.ID
	return users[user.ID] == 1, listOf(users)
}

// listOf is what a confirmation says about the users of a presence channel.
func listOf(users map[string]int) string {
	ids := slices.Sorted(maps.Keys(users))
	hash := make(map[string]any)
	for _, id := range ids {
		hash[id] = nil
	}
	b, err := json.Marshal(map[string]any{"presence": map[string]any{"count": len(ids), "ids": ids, "hash": hash}})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}

// exit takes a subscriber off a channel. The lock must be held.
func (s *Server) exit(c *conn, channel string) {
	s.conns[channel] = slices.DeleteFunc(s.conns[channel], func(other *conn) bool { return other == c })
	c.channels = slices.DeleteFunc(c.channels, func(other string) bool { return other == channel })
	id, member := c.users[channel]
	if !member {
		return
	}
	delete(c.users, channel)
	users := s.users[channel]
	if users[id]--; users[id] == 0 {
		delete(users, id)
		s.tellMembers(c, channel, "member_removed", fmt.Sprintf(`{"user_id":%q}`, id))
	}
}

// tellMembers sends a member event to all but the one that it is about. The
// lock must be held.
func (s *Server) tellMembers(about *conn, channel, event, data string) {
	frame := fmt.Sprintf(`{"event":"pusher_internal:%s","channel":%q,"data":%q}`, event, channel, data)
	for _, c := range s.conns[channel] {
		if c == about {
			continue
		}
		for _, f := range s.tamper(c.number, frame) {
			c.send(context.Background(), f)
		}
	}
}

func (s *Server) unsubscribe(c *conn, data []byte) bool {
	var m struct{ Channel string }
	err := json.Unmarshal(data, &m)
	if err != nil || !slices.Contains(c.channels, m.Channel) {
		s.t.Errorf("unsubscribe with %s: %v", data, err)
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exit(c, m.Channel)
	return true
}

// whisper relays a client event.
func (s *Server) whisper(c *conn, m command) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(c.channels, m.Channel) {
		s.t.Errorf("client event on %s, which its sender is not on", m.Channel)
		return false
	}
	s.count.Whispers++
	frame := fmt.Sprintf(`{"event":%q,"channel":%q,"data":%q,"user_id":%q}`, m.Event, m.Channel, m.Data, c.users[m.Channel])
	s.broadcastExcept(c, m.Channel, frame)
	return true
}
