package pusher

import (
	"fmt"

	"github.com/valyala/fastjson"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/channels/users"
	"fanfare/protocol"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
	"fanfare/protocol/strictjson"
)

// identity is who a session is signed in as. Owned by the loop.
type identity struct {
	id    string
	info  string                   // JSON text, "" when there is none
	seat  *channels.Subscription   // among the user's connections
	rate  protocol.Bucket          // of further sign-ins
	watch []*channels.Subscription // one for each user on the watchlist
}

// userRecord writes down who is signed in.
func (s *session) userRecord() *protocol.UserRecord {
	if s.user == nil {
		return nil
	}
	r := &protocol.UserRecord{ID: s.user.id, Info: s.user.info, RateDebt: s.user.rate.Debt(s.now())}
	for _, sub := range s.user.watch {
		r.Watchlist = append(r.Watchlist, users.Watched(sub))
	}
	return r
}

// profile is what an application says of a user, taken out of user_data.
type profile struct {
	id, info  string
	watchlist []string // without repetitions
	cut       bool     // the watchlist was longer than allowed
}

// member is the user as a member of a presence channel, within the limits that
// hold for those whom the application signs.
func (i *identity) member(limits *apps.Limits) (*channels.Member, error) {
	if no := checkMemberID(i.id, limits.PresenceUserID); no != nil {
		return nil, no
	}
	const frame = `{"user_id":"","user_info":}`
	if n := len(frame) + len(i.id) + len(i.info); n > limits.PresenceUserInfo {
		return nil, tooLargeMember(n, limits.PresenceUserInfo)
	}
	return &channels.Member{UserID: i.id, Info: i.info}, nil
}

const userDataRight = `user_data must be a JSON object with an id, such as {"id":"1"}`

// profile reads the user object that an application signed. Its strings are
// copies.
func (h *home) profile(data string, app *apps.App) (*profile, error) {
	limits := &app.Limits
	v, err := h.parser.signed.Parse(borrow.Bytes(data))
	if err != nil {
		return nil, malformedUser(userDataRight + "; it " + err.Error())
	}
	if v.Type() != fastjson.TypeObject {
		return nil, malformedUser(userDataRight)
	}
	id, ok := strictjson.String(v.Get("id"))
	if !ok {
		return nil, malformedUser(userDataRight + ": the id is a string")
	}
	if err := names.CheckUserID(id, limits.ChannelName); err != nil {
		return nil, malformedUser("id in user_data: " + err.Error())
	}
	p := &profile{id: string([]byte(id))}
	if p.info, err = h.userInfo(v.Get("user_info"), limits.PresenceUserInfo); err != nil {
		return nil, err
	}
	if app.Watchlists {
		p.watchlist, p.cut, err = watchlist(v.Get("watchlist"), limits)
	}
	return p, err
}

// userInfo gives what the application tells of a user as JSON text.
func (h *home) userInfo(v *fastjson.Value, limit int) (string, error) {
	if v == nil {
		return "", nil
	}
	h.inner = v.MarshalTo(h.inner[:0])
	if n := len(h.inner); n > limit {
		return "", &refusal{
			fmt.Sprintf("user_info in user_data is too large: %d bytes, and at most %d are allowed", n, limit),
			typeLimit, statusMemberSize, apps.RefusedSize,
		}
	}
	return string(h.inner), nil
}

// watchlist reads the ids of those whom a user watches, as many as are allowed.
func watchlist(v *fastjson.Value, limits *apps.Limits) (ids []string, cut bool, err error) {
	if strictjson.Absent(v) {
		return nil, false, nil
	}
	if v.Type() != fastjson.TypeArray {
		return nil, false, malformedUser("watchlist in user_data must be an array of user ids")
	}
	seen := map[string]bool{}
	for _, item := range v.GetArray() {
		id, ok := strictjson.String(item)
		if !ok {
			return nil, false, malformedUser("watchlist in user_data must be an array of user ids: strings")
		}
		if err := names.CheckUserID(id, limits.ChannelName); err != nil {
			return nil, false, malformedUser("watchlist in user_data: " + err.Error())
		}
		if seen[id] {
			continue
		}
		if len(ids) == limits.Watchlist {
			return ids, true, nil
		}
		id = string([]byte(id))
		seen[id] = true
		ids = append(ids, id)
	}
	return ids, false, nil
}

func malformedUser(text string) *refusal {
	return &refusal{text, typeInvalid, statusMalformed, apps.RefusedMalformed}
}
