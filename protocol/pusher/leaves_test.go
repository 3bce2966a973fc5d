package pusher

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Without a bound one client with a right signature makes all others of a room
// read as fast as it can write, and the slow ones of them be closed.
func TestComingAndGoingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // so that the loop's seconds are whole
		w := newWorld(t, nil)
		quiet, restless := w.connect(), w.connect()
		quiet.join("presence-x", `{"user_id":"quiet"}`)
		f := func(rounds, want int) {
			t.Helper()
			for range rounds {
				restless.do(restless.subscribe("presence-x", `{"user_id":"restless"}`), unsubscribe("presence-x"))
			}
			told := len(quiet.read())
			if told != 2*want {
				t.Errorf("%d rounds made another read %d messages, want %d", rounds, told, 2*want)
			}
			refused := 0
			for _, message := range restless.read() {
				if strings.Contains(message, "has left too many, and may leave 10 a second") && strings.Contains(message, "pusher:subscription_error") {
					refused++
				}
			}
			if refused != rounds-want {
				t.Errorf("%d of %d rounds were refused, want %d", refused, rounds, rounds-want)
			}
		}
		f(leavesAtOnce+20, leavesAtOnce)
		f(5, 0)
		w.loop.Advance(time.Second)
		f(leavesPerSecond+5, leavesPerSecond)
		w.loop.Advance(20 * time.Second)
		f(leavesAtOnce+1, leavesAtOnce)
	})
}

// On other channels nobody is told who comes and goes.
func TestOnlyPresenceIsBounded(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	for i := range 3 * leavesAtOnce {
		name := fmt.Sprint("private-", i)
		c.join(name, "")
		c.do(unsubscribe(name))
		c.wants()
	}
	c.join("presence-x", `{"user_id":"1"}`)
}
