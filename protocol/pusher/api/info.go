package api

import (
	"strconv"
	"strings"

	"github.com/valyala/fastjson"

	"fanfare/protocol/pusher/names"
)

// attributes is what is asked about channels: a set of the info attributes.
type attributes uint8

const (
	userCount         attributes = 1 << iota // distinct users, on presence channels
	subscriptionCount                        // connections, on all channels
	cacheItem                                // the last event, on cache channels
)

// attributeOf finds an attribute by its name; 0 is none.
func attributeOf(name string) attributes {
	switch name {
	case "user_count":
		return userCount
	case "subscription_count":
		return subscriptionCount
	case "cache":
		return cacheItem
	}
	return 0
}

// parseInfo reads a list of attributes, joined with commas. Only those in legal
// may be in it. where names the list in a text.
func parseInfo(where, list string, legal attributes) (asked attributes, no *refusal) {
	for list != "" {
		var name string
		name, list, _ = strings.Cut(list, ",")
		name = strings.Trim(name, " ")
		a := attributeOf(name)
		if a&legal == 0 {
			return 0, malformed("%s holds %q: use %s", where, clip(name), legal)
		}
		asked |= a
	}
	return asked, nil
}

// String lists the attributes as a text tells them.
func (a attributes) String() string {
	all := make([]string, 0, 3)
	for _, name := range [...]string{"user_count", "subscription_count", "cache"} {
		if a&attributeOf(name) != 0 {
			all = append(all, name)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all, ", ") + ", joined with commas"
}

// readInfo reads what a publisher wants to know about the event's channels.
func readInfo(o *fastjson.Object, p place) (attributes, *refusal) {
	list, given, no := optional(o, p, "info")
	if !given {
		return 0, no
	}
	return parseInfo(p.of("info"), list, userCount|subscriptionCount)
}

// appendCounts appends those counts of a channel that are asked for and that it
// has, as the members of an object, separated by commas.
func (k *call) appendCounts(dst []byte, channel string, asked attributes) []byte {
	r := k.home.server.cfg.Registry
	users := asked&userCount != 0 && names.KindOf(channel).Presence()
	if users {
		n, _ := r.Users(k.App.ID, channel)
		dst = append(dst, `"user_count":`...)
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	if asked&subscriptionCount != 0 {
		if users {
			dst = append(dst, ',')
		}
		dst = append(dst, `"subscription_count":`...)
		dst = strconv.AppendInt(dst, int64(r.Subscribers(k.App.ID, channel)), 10)
	}
	return dst
}
