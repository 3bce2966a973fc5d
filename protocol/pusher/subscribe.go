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

// subscribe carries out a subscribe, or has it wait for its signature check.
// Those that follow one that waits wait with it, whatever they need.
func (s *session) subscribe(c *engine.Conn, cmd *command) {
	w := want{
		channel: cmd.channel, auth: cmd.auth, data: cmd.channelData, hasData: cmd.hasChannelData,
		kind: names.KindOf(cmd.channel), no: s.inadmissible(cmd),
	}
	switch {
	case s.collecting():
		s.collect(c, w)
	case w.no != nil || !w.kind.NeedsAuth():
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
	if err := names.CheckChannel(cmd.channel, limit); err != nil {
		if len(cmd.channel) > limit {
			return &refusal{err.Error(), typeLimit, statusName, apps.RefusedName}
		}
		return &refusal{err.Error(), typeInvalid, statusMalformed, apps.RefusedName}
	}
	switch kind := names.KindOf(cmd.channel); {
	case kind.User():
		return &refusal{
			"Cannot subscribe to " + clip(cmd.channel) + ": it is for that user's own signed-in connections, and sign-in is not available on this server",
			typeAuth, statusForbidden, apps.RefusedNotPermitted,
		}
	case kind.Presence() && !cmd.hasChannelData:
		return &refusal{
			"Cannot subscribe to presence channel " + clip(cmd.channel) + " without channel_data: it must be a JSON string with a user_id, and part of what is signed",
			typeAuth, statusUnauthorized, apps.RefusedSignature,
		}
	}
	return nil
}

// apply makes a subscription whose signature check ended with unauthorized,
// nil when it was right or is not needed. From here on it counts for the
// connection's later commands; the confirmation comes in the channel's order.
func (s *session) apply(c *engine.Conn, w *want, unauthorized error) {
	switch {
	case w.no != nil:
		s.refuseSubscribe(c, w.channel, w.no)
	case s.Subs.Get(w.channel) != nil:
		s.fail(c, apps.RefusedDuplicate, textDuplicate(w.channel))
	case unauthorized != nil:
		s.refuseSubscribe(c, w.channel, refused(unauthorized))
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
	var member *channels.Member
	if w.kind.Presence() {
		var err error
		if member, err = s.home.member(w.data, limits); err != nil {
			return err
		}
	}
	return s.enter(w.channel, member)
}

// enter puts the session on a channel.
func (s *session) enter(channel string, member *channels.Member) error {
	sub, err := s.home.server.registry.Subscribe(channels.Join{
		App:        s.tenant.App.ID,
		Channel:    channel,
		Place:      channels.Place{Loop: uint16(s.home.index), Format: s.home.server.format},
		Handle:     s.Handle,
		Presence:   member,
		MaxMembers: s.tenant.App.Limits.PresenceMembers,
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
	s.fail(c, no.why, no.text)
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
}

// member reads the user object that an application signed. Numbers and the
// user's info keep their bytes; white space between them goes.
func (h *home) member(data string, limits *apps.Limits) (*channels.Member, error) {
	if len(data) > limits.PresenceUserInfo {
		return nil, &refusal{
			fmt.Sprintf("channel_data is too large: %d bytes, and at most %d are allowed", len(data), limits.PresenceUserInfo),
			typeLimit, statusMemberSize, apps.RefusedSize,
		}
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
	if n := utf8.RuneCountInString(id); n > limit {
		return "", &refusal{
			fmt.Sprintf("user_id in channel_data is too long: %d characters, and at most %d are allowed", n, limit),
			typeLimit, statusMemberSize, apps.RefusedSize,
		}
	}
	return id, nil
}

func malformedMember(text string) *refusal {
	return &refusal{text, typeInvalid, statusMalformed, apps.RefusedMalformed}
}
