//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestUpgradeCache: the last event of a cached channel is there after two upgrades, and cache misses are only those of before.
func TestUpgradeCache(t *testing.T) {
	t.Parallel()
	s := serve(t)
	library := s.library()
	if err := library.Trigger("cache-news", "headline", "of the first process"); err != nil {
		t.Fatal(err)
	}
	reads := func(want string) {
		t.Helper()
		v := s.visitor(t)
		v.joins(t, "cache-news")
		if got := v.hears(t, "headline").text(); got != want {
			t.Errorf("the cached event is %q, want %q", got, want)
		}
		v.joins(t, "cache-nothing")
		v.hears(t, "pusher:cache_miss")
	}
	reads("of the first process")
	s.upgrade(t)
	s.upgrade(t)
	reads("of the first process")
	if err := library.Trigger("cache-news", "headline", "of the third"); err != nil {
		t.Fatal(err)
	}
	reads("of the third")
	s.upgrade(t)
	reads("of the third")
}

const limitedToml = `
[[apps]]
id = "app-id"
key = "app-key"
secret = "app-secret"
client_events = true

[apps.limit]
client_events_per_second = 50
events_per_second = 50
`

// TestUpgradeLimits: a client and a publisher that are at their limits, and go on regardless, get no more in a line of four
// processes than in one.
func TestUpgradeLimits(t *testing.T) {
	t.Parallel()
	s := serveConfigured(t, limitedToml)
	hears, shouts := s.visitor(t), s.visitor(t)
	hears.joinsPrivate(t, s, "private-room")
	hears.joins(t, "orders")
	shouts.joinsPrivate(t, s, "private-room")
	ctx, stop := context.WithCancel(t.Context())
	every := time.NewTicker(5 * time.Millisecond) // four times as often as they may
	defer every.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	start := time.Now()
	library, _ := s.publisher(t)
	running.Go(func() {
		for ctx.Err() == nil {
			<-every.C
			shouts.says(t, "client-shout", args{"channel": "private-room", "data": args{}})
			_ = library.Trigger("orders", "created", order) // most are refused
		}
	})
	for range 3 {
		s.upgrade(t)
	}
	stop()
	running.Wait()
	shouts.says(t, "pusher:ping", nil)
	for shouts.next(t).Event != "pusher:pong" { // until all of it was looked at; most of it was refused
	}
	elapsed := time.Since(start)
	counts := map[string]int{}
	until(t, "both limits are whole again", func() bool { return library.Trigger("orders", "end", order) == nil })
	for last := ""; last != "end"; counts[last]++ {
		last = hears.next(t).Event
	}
	most := 50 + int(elapsed.Seconds()*50) + 2
	for _, event := range []string{"client-shout", "created"} {
		if n := counts[event]; n > most || n < most/4 {
			t.Errorf("%d of %s came within %v; want at most %d, of which some are refused around the upgrades", n, event, elapsed, most)
		}
	}
}

// TestUpgradeUsers: who is signed in stays so, is told of others as before, gets what is sent to the user, and can be terminated.
func TestUpgradeUsers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann, bob := s.visitor(t), s.visitor(t)
	ann.signsIn(t, s, "ann", "bob")
	ann.isTold(t, "offline", "bob")
	ann.joins(t, "#server-to-user-ann")
	bob.signsIn(t, s, "bob")
	ann.isTold(t, "online", "bob")
	s.upgrade(t)
	if err := s.library().SendToUser("ann", "nudge", "after the upgrade"); err != nil {
		t.Fatal(err)
	}
	if got := ann.hears(t, "nudge").text(); got != "after the upgrade" { // and nobody went or came meanwhile
		t.Errorf("the user got %q", got)
	}
	s.upgrade(t)
	bob.CloseNow()
	s.upgrade(t) // while bob lingers
	ann.isTold(t, "offline", "bob")
	if got := newNodeLibrary(t, s).request(t, "terminateUserConnections", "ann"); got.Status != http.StatusOK {
		t.Fatalf("terminating ann is answered %+v", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	for err == nil { // she may be told why
		_, _, err = ann.Read(ctx)
	}
	if code := websocket.CloseStatus(err); code != 4009 {
		t.Errorf("ann was terminated with %v, want 4009", err)
	}
}

// isTold wants the next to be that a user of the watchlist has come or gone.
func (v *visitor) isTold(t *testing.T, what, user string) {
	t.Helper()
	got := v.hears(t, "pusher_internal:watchlist_events").text()
	if want := fmt.Sprintf(`{"events":[{"name":%q,"user_ids":[%q]}]}`, what, user); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}

// joinsPrivate subscribes to a channel that needs a signature.
func (v *visitor) joinsPrivate(t *testing.T, s *server, channel string) {
	t.Helper()
	data := signed(t, fmt.Sprintf("socket_id=%s&channel_name=%s", v.socketID, channel), s.library().AuthorizePrivateChannel)
	data["channel"] = channel
	v.says(t, "pusher:subscribe", args{"data": data})
	v.hears(t, "pusher_internal:subscription_succeeded")
}

// signsIn signs in as a user who watches others.
func (v *visitor) signsIn(t *testing.T, s *server, user string, watches ...string) {
	t.Helper()
	v.says(t, "pusher:signin", args{"data": signed(t, "socket_id="+v.socketID, func(params []byte) ([]byte, error) {
		return s.library().AuthenticateUser(params, map[string]any{"id": user, "watchlist": list(watches)})
	})})
	v.hears(t, "pusher:signin_success")
}

// signed is what an application answers to a client that wants a signature.
func signed(t *testing.T, params string, sign func([]byte) ([]byte, error)) args {
	t.Helper()
	answer, err := sign([]byte(params))
	if err != nil {
		t.Fatal(err)
	}
	data := args{}
	if err := json.Unmarshal(answer, &data); err != nil {
		t.Fatal(err)
	}
	return data
}
