package pusher

import (
	"fmt"

	"fanfare/channels/apps"
)

// Who comes to a presence channel or leaves it is told to all others there, and
// that can't be dropped for those who read slowly. So that no client makes ten
// thousand others read, or be closed for reading too slowly, a connection may
// leave so many presence channels at once, and so many more each second; beyond,
// it can't join any for a while. These are the figures of subscription counts.
const (
	leavesAtOnce    = 100
	leavesPerSecond = 10
)

// seen notes when the client last said something, and forgets leaves that are
// long enough ago.
func (s *session) seen(now uint32) {
	if s.Left > 0 && now > s.Seen {
		s.Left -= uint8(min(uint64(s.Left), leavesPerSecond*uint64(now-s.Seen)))
	}
	s.Seen = now
}

// left notes that the session has left a presence channel.
func (s *session) left() { s.Left = min(s.Left+1, leavesAtOnce) }

// mayReturn refuses to join a presence channel when the session has left too
// many.
func (s *session) mayReturn(channel string) error {
	if s.Left < leavesAtOnce {
		return nil
	}
	return &refusal{
		fmt.Sprintf("Cannot subscribe to presence channel %s: this connection has left too many, and may leave %d a second; try again later", clip(channel), leavesPerSecond),
		typeLimit, statusFull, apps.RefusedRate,
	}
}
