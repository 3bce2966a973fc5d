package api

import (
	"strconv"
	"strings"
	"time"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/protocol/pusher/names"
	"fanfare/protocol/strictjson"
)

// showChannel is GET channels/NAME.
func (k *call) showChannel() *refusal {
	channel, no := k.channel()
	if no != nil {
		return no
	}
	asked, no := k.askedAbout(channel)
	if no != nil {
		return no
	}
	answer := make([]byte, 0, 80)
	answer = append(answer, `{"occupied":`...)
	answer = strconv.AppendBool(answer, k.home.server.cfg.Registry.Subscribers(k.App.ID, channel) > 0)
	if asked&^cacheItem != 0 {
		answer = append(answer, ',')
		answer = k.appendCounts(answer, channel, asked)
	}
	if asked&cacheItem != 0 {
		answer = append(answer, `,"cache":`...)
		answer = appendCached(answer, k.home.server.cfg.Registry.Cached(k.App.ID, channel))
	}
	k.home.ok(k.conn, k.tag, append(answer, '}'))
	return nil
}

// appendCached appends what a channel keeps, null for nothing. ttl is in whole
// seconds, of which the last begun one counts: 0 would say that it is gone.
func appendCached(dst []byte, kept channels.Cached) []byte {
	if kept.Message == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"data":`...)
	dst = strictjson.AppendString(dst, kept.Message.Data)
	dst = append(dst, `,"ttl":`...)
	dst = strconv.AppendInt(dst, int64((kept.TTL+time.Second-1)/time.Second), 10)
	return append(dst, '}')
}

// channel gives the channel that the path names, decoded; it may be borrowed.
func (k *call) channel() (string, *refusal) {
	if err := names.CheckChannel(k.name, k.App.Limits.ChannelName); err != nil {
		return "", refusef(400, apps.RefusedName, "%v", err)
	}
	return k.name, nil
}

// askedAbout reads which attributes of the channel are wanted. One that it
// doesn't have is an error.
func (k *call) askedAbout(channel string) (attributes, *refusal) {
	asked, no := parseInfo("info", k.info(), userCount|subscriptionCount|cacheItem)
	if no != nil {
		return 0, no
	}
	kind := names.KindOf(channel)
	switch {
	case asked&userCount != 0 && !kind.Presence():
		return 0, malformed("info asks for user_count, which only presence channels have: %q does not begin with presence-", clip(channel))
	case asked&cacheItem != 0 && !kind.Cached():
		return 0, malformed("info asks for cache, which only cache channels have: %q has no cache- after its kind", clip(channel))
	}
	return asked, nil
}

// countConnections is GET connections.
func (k *call) countConnections() *refusal {
	answer := append(make([]byte, 0, 40), `{"connections":`...)
	answer = strconv.AppendInt(answer, k.Live.Connections(), 10)
	k.home.ok(k.conn, k.tag, append(answer, '}'))
	return nil
}

// listChannels is GET channels: the occupied ones. Those of signed-in users are
// not an application's to see.
func (k *call) listChannels() *refusal {
	prefix := strings.Clone(k.param("filter_by_prefix"))
	asked, no := parseInfo("info", k.info(), userCount)
	if no != nil {
		return no
	}
	if asked != 0 && !names.KindOf(prefix).Presence() {
		return malformed("info asks for user_count, which only presence channels have: add filter_by_prefix=presence- or a longer prefix, not %q", clip(prefix))
	}
	registry, app := k.home.server.cfg.Registry, k.App.ID
	return k.onWorker(func() []byte {
		answer := []byte(`{"channels":{`)
		first := len(answer)
		registry.Each(app, prefix, func(name string, _, users int) bool {
			if names.KindOf(name).User() {
				return true
			}
			if len(answer) > first {
				answer = append(answer, ',')
			}
			answer = strictjson.AppendString(answer, name)
			if asked == 0 {
				answer = append(answer, ":{}"...)
				return true
			}
			answer = append(answer, `:{"user_count":`...)
			answer = strconv.AppendInt(answer, int64(users), 10)
			answer = append(answer, '}')
			return true
		})
		return append(answer, "}}"...)
	})
}

// listUsers is GET channels/NAME/users: who is there, each user once.
func (k *call) listUsers() *refusal {
	channel, no := k.channel()
	if no != nil {
		return no
	}
	if !names.KindOf(channel).Presence() {
		return malformed("only presence channels have users: %q does not begin with presence-", clip(channel))
	}
	registry, app := k.home.server.cfg.Registry, k.App.ID
	channel = strings.Clone(channel)
	return k.onWorker(func() []byte {
		answer := []byte(`{"users":[`)
		first := len(answer)
		for m := range registry.Members(app, channel).All() {
			if len(answer) > first {
				answer = append(answer, ',')
			}
			answer = append(answer, `{"id":`...)
			answer = strictjson.AppendString(answer, m.UserID)
			answer = append(answer, '}')
		}
		return append(answer, "]}"...)
	})
}
