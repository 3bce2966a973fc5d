package pusher

import (
	"fmt"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/protocol/borrow"
	"fanfare/protocol/pusher/names"
)

// ask carries out a subscribe or a sign-in, or has it wait for its signature
// check. Those that follow one that waits wait with it, whatever they need.
func (s *session) ask(c *engine.Conn, cmd *command) {
	w := wanted(cmd)
	if !w.user {
		w.no = s.inadmissible(cmd)
	}
	switch {
	case s.collecting():
		s.collect(c, w)
	case w.no != nil || !w.signed():
		s.apply(c, &w, nil)
	case s.wait != nil && s.wait.inline:
		s.home.counters.inline.Add(1)
		s.apply(c, &w, s.verify(&w))
	default:
		s.collect(c, w)
	}
}

// inadmissible judges by the name alone. The name has to be legal before a
// signature over it means anything.
func (s *session) inadmissible(cmd *command) *refusal {
	limit := s.tenant.App.Limits.ChannelName
	err := names.CheckChannel(cmd.channel, limit)
	switch {
	case err == nil:
		return nil
	case len(cmd.channel) > limit:
		return &refusal{err.Error(), typeLimit, statusName, apps.RefusedName}
	}
	return &refusal{err.Error(), typeInvalid, statusMalformed, apps.RefusedName}
}

// apply does what was asked for, once its signature check has ended with
// unauthorized, nil when it was right or is not needed. From here on a
// subscription counts for the connection's later commands; the confirmation
// comes in the channel's order.
func (s *session) apply(c *engine.Conn, w *want, unauthorized error) {
	switch {
	case w.user:
		s.signIn(c, w, unauthorized)
	case w.no != nil:
		s.refuseSubscribe(c, w.channel, w.no)
	case s.Subs.Get(w.channel) != nil:
		s.fail(c, apps.RefusedDuplicate, textDuplicate(w.channel))
	case unauthorized != nil:
		s.refuseSubscribe(c, w.channel, refused(unauthorized))
	case w.kind.NeedsAuth():
		if err := s.authorize(c, func() error { return s.join(w) }); err != nil {
			s.refuseSubscribe(c, w.channel, refused(err))
		}
	default:
		if err := s.join(w); err != nil {
			s.refuseSubscribe(c, w.channel, refused(err))
		}
	}
}

func (s *session) join(w *want) error {
	limits := &s.tenant.App.Limits
	if n := limits.ChannelsPerConnection; n > 0 && s.Subs.Len() >= n {
		return errTooManyChannels(w.channel, n)
	}
	if w.kind.User() {
		if err := s.owns(w.channel); err != nil {
			return err
		}
	}
	member, err := s.memberFor(w)
	if err == nil && member != nil {
		err = s.mayReturn(w.channel)
	}
	if err != nil {
		return err
	}
	return s.enter(w.channel, member)
}

// owns refuses the channel of a user that the connection isn't signed in as.
func (s *session) owns(channel string) error {
	id, _ := names.UserOf(channel)
	switch {
	case s.user == nil:
		return &refusal{
			"Cannot subscribe to " + clip(channel) + ": it is for that user's own connections, and this one is not signed in",
			typeAuth, statusForbidden, apps.RefusedNotPermitted,
		}
	case s.user.id != id:
		return &refusal{
			"Cannot subscribe to " + clip(channel) + ": this connection is signed in as " + clip(s.user.id),
			typeAuth, statusForbidden, apps.RefusedNotPermitted,
		}
	}
	return nil
}

// memberFor is who the session will be on a presence channel: as the
// application signed it with the subscription, or else with the sign-in.
func (s *session) memberFor(w *want) (*channels.Member, error) {
	switch {
	case !w.kind.Presence():
		return nil, nil
	case w.hasData:
		return s.home.member(w.data, &s.tenant.App.Limits)
	case s.user == nil:
		return nil, &refusal{
			"Cannot subscribe to presence channel " + clip(w.channel) + " without channel_data: it must be a JSON string with a user_id, and part of what is signed, unless the connection is signed in",
			typeAuth, statusUnauthorized, apps.RefusedSignature,
		}
	}
	return s.user.member(&s.tenant.App.Limits)
}

// enter puts the session on a channel.
func (s *session) enter(channel string, member *channels.Member) error {
	kind := names.KindOf(channel)
	sub, err := s.home.server.registry.Subscribe(channels.Join{
		App:        s.tenant.App.ID,
		Channel:    channel,
		Place:      s.place(),
		Handle:     s.Handle,
		Presence:   member,
		MaxMembers: s.tenant.App.Limits.PresenceMembers,
		Cached:     kind.Cached(),
		Counts:     s.tenant.App.SubscriptionCounts && !kind.Presence(),
	})
	if err != nil {
		return err
	}
	s.Subs.Add(sub)
	s.tenant.Counters.Subscribes.Add(1)
	return nil
}

// refuseSubscribe tells the client on the connection, and on the channel too
// unless the app has that off or the name is too long to be one.
func (s *session) refuseSubscribe(c *engine.Conn, channel string, no *refusal) {
	s.logNotSubscribed(channel, no)
	s.complain(c, codeCommand, no.why, no.text)
	if s.tenant.App.SubscriptionErrors && len(channel) <= maxEchoedChannel {
		s.reply(c, s.home.text(func(dst []byte) []byte { return appendSubscriptionError(dst, channel, no) }))
	}
}

// unsubscribe ends a subscription. It is not acknowledged.
func (s *session) unsubscribe(c *engine.Conn, channel string) {
	sub := s.Subs.Remove(channel)
	if sub == nil {
		s.fail(c, apps.RefusedMembership, textNotSubscribed(channel))
		return
	}
	s.home.server.registry.Unsubscribe(sub)
	if sub.Member() != nil {
		s.left()
	}
}

// member reads the user object that an application signed. Numbers and the
// user's info keep their bytes; white space between them goes.
func (h *home) member(data string, limits *apps.Limits) (*channels.Member, error) {
	if len(data) > limits.PresenceUserInfo {
		return nil, tooLargeMember(len(data), limits.PresenceUserInfo)
	}
	const right = `channel_data must be a JSON object, such as {"user_id":"1"}`
	v, err := h.parser.signed.Parse(borrow.Bytes(data))
	if err != nil {
		return nil, malformedMember(right + "; it " + err.Error())
	}
	if v.Type() != fastjson.TypeObject {
		return nil, malformedMember(right)
	}
	id, no := userID(v.Get("user_id"), limits.PresenceUserID)
	if no != nil {
		return nil, no
	}
	m := &channels.Member{UserID: id}
	if info := v.Get("user_info"); info != nil {
		h.inner = info.MarshalTo(h.inner[:0])
		m.Info = string(h.inner)
	}
	return m, nil
}

// userID gives a user's id as a string: a number's digits are taken as they
// were written, so that large ones keep their value.
func userID(v *fastjson.Value, limit int) (string, *refusal) {
	const right = `channel_data needs a user_id: a string that is not empty, or a number, such as {"user_id":"1"}`
	var id string
	switch {
	case v == nil:
	case v.Type() == fastjson.TypeString:
		id = string(v.GetStringBytes())
	case v.Type() == fastjson.TypeNumber:
		id = string(v.MarshalTo(nil))
	}
	if id == "" {
		return "", malformedMember(right)
	}
	return id, checkMemberID(id, limit)
}

// checkMemberID returns nil when the user's id may be a member's.
func checkMemberID(id string, limit int) *refusal {
	n := utf8.RuneCountInString(id)
	if n <= limit {
		return nil
	}
	return &refusal{
		fmt.Sprintf("user_id in channel_data is too long: %d characters, and at most %d are allowed", n, limit),
		typeLimit, statusMemberSize, apps.RefusedSize,
	}
}

func tooLargeMember(bytes, limit int) *refusal {
	return &refusal{
		fmt.Sprintf("channel_data is too large: %d bytes, and at most %d are allowed", bytes, limit),
		typeLimit, statusMemberSize, apps.RefusedSize,
	}
}

func malformedMember(text string) *refusal {
	return &refusal{text, typeInvalid, statusMalformed, apps.RefusedMalformed}
}
