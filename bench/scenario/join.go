package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"fanfare/bench/loadgen"
)

// Join is what connections are subscribed to.
type Join string

// The ways to join.
const (
	Shared   Join = "shared"   // one public channel for all
	Private  Join = "private"  // a private channel for each
	Presence Join = "presence" // presence rooms of 10, each member with 100 bytes of user info
)

// subscriptions are those of the i-th connection.
func (j Join) subscriptions(i int) []loadgen.Subscription {
	switch j {
	case Private:
		return []loadgen.Subscription{{Channel: "private-user." + strconv.Itoa(i)}}
	case Presence:
		return []loadgen.Subscription{{
			Channel:     "presence-room." + strconv.Itoa(i/10),
			ChannelData: `{"user_id":"` + strconv.Itoa(i) + `","user_info":` + userInfo + `}`,
		}}
	}
	return to(channel)(i)
}

var userInfo = `{"name":"` + strings.Repeat("n", 100-len(`{"name":""}`)) + `"}`

// to joins all to the same channels.
func to(channels ...string) func(int) []loadgen.Subscription {
	list := make([]loadgen.Subscription, len(channels))
	for i, name := range channels {
		list[i].Channel = name
	}
	return func(int) []loadgen.Subscription { return list }
}

func (c *check) join(flag string, j Join) {
	if j != Shared && j != Private && j != Presence {
		c.errs = append(c.errs, fmt.Errorf("--%s is %q: use %s, %s or %s", flag, j, Shared, Private, Presence))
	}
}
