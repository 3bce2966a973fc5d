package pusher

import (
	"time"

	"fanfare/engine"
)

func (s *session) activitySeconds() int { return int(s.tenant.App.ActivityTimeout / time.Second) }

// Idle implements engine.Receiver. After activity_timeout without a word the
// client is asked with a ping control frame, which every WebSocket peer answers
// by itself; when that stays unanswered for the pong timeout, it has gone.
func (s *session) Idle(c *engine.Conn) {
	if c.Pinged() {
		s.End(c, codeNoPong, "no pong: nothing was received for too long")
		return
	}
	c.Ping(s.home.server.pong)
	s.home.counters.pings.Add(1)
}
