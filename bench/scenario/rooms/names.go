package rooms

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// memberPrefix begins every user id, so that it is found in whatever JSON a
// server makes of it.
const (
	memberPrefix = "member-"
	memberDigits = 7 // as many as a Mark's source has
)

func roomChannel(i int) string { return "presence-room." + strconv.Itoa(i) }

// emptyInfo is a user_info without anything in it, and leastInfo its length.
const (
	emptyInfo = `{"name":""}`
	leastInfo = len(emptyInfo)
)

// channelData is what a member joins with, with so many bytes of user_info.
func channelData(id, infoBytes int) string {
	name := strings.Repeat("n", infoBytes-leastInfo)
	return fmt.Sprintf(`{"user_id":"%s%0*d","user_info":{"name":"%s"}}`, memberPrefix, memberDigits, id, name)
}

// nextMember finds the first member in a payload, and returns what follows it.
// The id is -1 when there is none.
func nextMember(payload []byte) (id int, rest []byte) {
	for {
		_, after, found := bytes.Cut(payload, []byte(memberPrefix))
		if !found || len(after) < memberDigits {
			return -1, nil
		}
		if id, err := strconv.Atoi(string(after[:memberDigits])); err == nil && id >= 0 {
			return id, after[memberDigits:]
		}
		payload = after
	}
}
