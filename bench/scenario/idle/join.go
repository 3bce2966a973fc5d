//go:build linux

package idle

import (
	"strconv"
	"strings"

	"fanfare/bench/loadgen"
	"fanfare/bench/scenario/course"
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
	return course.To(course.Channel)(i)
}

var userInfo = `{"name":"` + strings.Repeat("n", 100-len(`{"name":""}`)) + `"}`

func (j Join) check(v *course.Check, flag string) {
	if j != Shared && j != Private && j != Presence {
		v.Refuse("--%s is %q: use %s, %s or %s", flag, j, Shared, Private, Presence)
	}
}
