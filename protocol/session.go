package protocol

import (
	"fmt"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
)

// Session is what is known about one client, whatever it connects with. It is
// plain data: with a socket it is a protocol's engine.Receiver, without one it
// is a record that another socket, another server or another process may take
// up (Record). Owned by the loop of its handle.
type Session struct {
	ID      SocketID
	Handle  engine.Handle // where its socket is; 0 while it has none
	Subs    Subscriptions
	Rate    Bucket // of its client events
	Seen    uint32 // when its client last said something, Unix seconds
	Version uint8  // of the protocol, as the client asked for it
	Closed  bool   // nobody finds it any more
	Counts  bool   // it is one of its app's connections
	Left    uint8  // presence channels that it has left lately
}

// Record is a session written down for another process. It travels by
// encoding/gob, as all that is in it: fields keep their names and meanings, and zero
// is as before they existed.
type Record struct {
	// Protocol names the folder that understands the record.
	Protocol string `json:"protocol"`
	Version  int    `json:"version"`
	SocketID string `json:"socket_id"`
	App      string `json:"app"`
	// Address is the one that the connection counts for, where there is a limit
	// per address.
	Address string `json:"address,omitempty"`

	Subscriptions []SubscriptionRecord `json:"subscriptions"`

	// User is who is signed in; nil when nobody is.
	User *UserRecord `json:"user,omitempty"`
	// Probation tells that the session does not count among its app's
	// connections yet, and ProbationLeft how long it may stay like that; 0 is as
	// long as the app gives.
	Probation     bool          `json:"probation,omitempty"`
	ProbationLeft time.Duration `json:"probation_left_ns,omitempty"`

	// RateDebt is how long the client's rate limit takes to be whole again.
	RateDebt time.Duration `json:"rate_debt_ns"`
	// LastActivity is when the client was last heard of.
	LastActivity time.Time `json:"last_activity"`
	// LeftPresence is how many presence channels it had left lately by then, as far
	// as that still counts.
	LeftPresence int `json:"left_presence,omitempty"`

	// Waiting are the client's messages that were received and not acted
	// upon yet, oldest first.
	Waiting []string `json:"waiting,omitempty"`
	// Conn is what the engine holds of the connection: partial input and
	// what waits for the socket.
	Conn engine.ConnState `json:"conn"`
}

// SubscriptionRecord is one subscription written down. It travels.
type SubscriptionRecord struct {
	Channel string        `json:"channel"`
	Member  *MemberRecord `json:"member,omitempty"` // on presence channels
	// Serial is the last message of the channel that was surely not for the
	// client: that of the moment when it joined.
	Serial uint64 `json:"serial"`
	// Unconfirmed tells that the client still waits for the confirmation.
	Unconfirmed bool `json:"unconfirmed,omitempty"`
}

// MemberRecord is who a session is on a presence channel. It travels.
type MemberRecord struct {
	UserID string `json:"user_id"`
	Info   string `json:"user_info,omitempty"` // JSON text, byte for byte
}

// UserRecord is who is signed in on a session. It travels.
type UserRecord struct {
	ID        string   `json:"id"`
	Info      string   `json:"user_info,omitempty"` // JSON text, byte for byte
	Watchlist []string `json:"watchlist,omitempty"`
	// RateDebt is how long the limit of further sign-ins takes to be whole again.
	RateDebt time.Duration `json:"rate_debt_ns,omitempty"`
}

// Export writes down the session of an app. now is a reading of the clock that
// its bucket is used with.
func (s *Session) Export(protocol, app string, now time.Duration) Record {
	r := Record{
		Protocol:      protocol,
		Version:       int(s.Version),
		SocketID:      s.ID.String(),
		App:           app,
		Subscriptions: make([]SubscriptionRecord, 0, s.Subs.Len()),
		Probation:     !s.Counts,
		RateDebt:      s.Rate.Debt(now),
		LastActivity:  time.Unix(int64(s.Seen), 0).UTC(),
		LeftPresence:  int(s.Left),
	}
	for sub := range s.Subs.All() {
		r.Subscriptions = append(r.Subscriptions, recordOf(sub))
	}
	return r
}

func recordOf(sub *channels.Subscription) SubscriptionRecord {
	r := SubscriptionRecord{Channel: sub.Channel(), Serial: sub.Serial(), Unconfirmed: !sub.Active()}
	if m := sub.Member(); m != nil {
		r.Member = &MemberRecord{UserID: m.UserID, Info: m.Info}
	}
	return r
}

// Import takes up what Export wrote down, all but the subscriptions, which
// need a place. app is the record's app as it is now.
func (s *Session) Import(r *Record, app *apps.App, now time.Duration) error {
	id, err := ParseSocketID(r.SocketID)
	if err != nil {
		return fmt.Errorf("cannot take up session %q: %w", r.SocketID, err)
	}
	if r.Version < 0 || r.Version > 255 {
		return fmt.Errorf("cannot take up session %s: protocol version %d is not one byte", id, r.Version)
	}
	if app == nil || app.ID != r.App {
		return fmt.Errorf("cannot take up session %s: it belongs to app %q", id, r.App)
	}
	s.ID, s.Version = id, uint8(r.Version)
	s.Seen = uint32(max(r.LastActivity.Unix(), 0))
	s.Rate = BucketOwing(now, r.RateDebt)
	s.Left = uint8(min(max(r.LeftPresence, 0), 255))
	return nil
}

// Presence is the member to join with, nil on channels without members.
func (r *SubscriptionRecord) Presence() *channels.Member {
	if r.Member == nil {
		return nil
	}
	return &channels.Member{UserID: r.Member.UserID, Info: r.Member.Info}
}
