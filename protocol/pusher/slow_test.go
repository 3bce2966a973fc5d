package pusher

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"fanfare/channels"
	"fanfare/channels/apps"
	"fanfare/engine"
)

func ticks(w *world, channel string, n int) {
	for i := range n {
		w.publish(&channels.Message{Channel: channel, Event: []string{"bid", "ask"}[i%2], Data: fmt.Sprint(i)})
	}
}

func tick(channel string, i int) string {
	return fmt.Sprintf(`{"event":"%s","channel":"%s","data":"%d"}`, []string{"bid", "ask"}[i%2], channel, i)
}

// Each channel's messages wait under the rule of the first pattern that it
// matches; confirmations, pongs and who is there are never dropped.
func TestSlowRulesOfChannels(t *testing.T) {
	w := newWorld(t, func(a *apps.App) {
		a.SlowChannels = []apps.SlowChannels{
			{Channels: "market-*", Slow: apps.Slow{Policy: apps.SlowConflate}},
			{Channels: "*-camera", Slow: apps.Slow{Policy: apps.SlowDropOldest, Frames: 3}},
		}
	})
	c, other := w.connect(), w.connect()
	for _, channel := range []string{"market-eur", "market-usd", "hall-camera", "chat"} {
		c.join(channel, "")
	}
	c.join("presence-room", `{"user_id":"1"}`)
	c.peer.Stall(true)
	ticks(w, "market-eur", 100)
	ticks(w, "hall-camera", 100)
	ticks(w, "market-usd", 100)
	ticks(w, "chat", 2)
	c.do(ping, c.subscribe("more", ""))
	other.join("presence-room", `{"user_id":"2"}`)
	c.peer.Stall(false)
	c.wants(
		tick("market-eur", 98), tick("market-eur", 99),
		tick("hall-camera", 97), tick("hall-camera", 98), tick("hall-camera", 99),
		tick("market-usd", 98), tick("market-usd", 99),
		tick("chat", 0), tick("chat", 1),
		pong, succeeded("more"),
		`{"event":"pusher_internal:member_added","channel":"presence-room","data":"{\"user_id\":\"2\",\"user_info\":null}"}`,
	)
}

// Client events are the channel's messages too.
func TestSlowRulesOfClientEvents(t *testing.T) {
	w := newWorld(t, func(a *apps.App) {
		a.Slow.Policy = apps.SlowConflate
		a.Limits.ClientEventsPerSecond = 0
	})
	sender, slow := pair(w, "private-x")
	slow.peer.Stall(true)
	for i := range 10 {
		sender.write(whisper("private-x", fmt.Sprint(i)))
	}
	slow.peer.Stall(false)
	if got := slow.read(); len(got) != 1 || !strings.Contains(got[0], "9") {
		t.Errorf("got %q, want the last whisper alone", got)
	}
}

// changing is a store whose only app may be replaced, as a reload does.
type changing struct {
	app *apps.App // nil: the store would have to wait
}

func (s *changing) ByKey(string) (*apps.App, apps.Answer) { return s.answer() }
func (s *changing) ByID(string) (*apps.App, apps.Answer)  { return s.answer() }

func (s *changing) answer() (*apps.App, apps.Answer) {
	if s.app == nil {
		return nil, apps.Later
	}
	return s.app, apps.Found
}

func (s *changing) FetchByKey(context.Context, string) (*apps.App, error) { return s.app, nil }
func (s *changing) FetchByID(context.Context, string) (*apps.App, error)  { return s.app, nil }

// A changed record counts from the next message on, and one that is not at
// hand leaves things as they were.
func TestSlowRulesFollowTheRecord(t *testing.T) {
	store := &changing{}
	rules := newSlowRules(store)
	f := func(app *apps.App, want engine.Rule) {
		t.Helper()
		store.app = app
		if got := rules.of("3", "market-eur"); *got != want {
			t.Errorf("rule %+v, want %+v", *got, want)
		}
	}
	app := func(change func(a *apps.App)) *apps.App {
		a := apps.New("3", testKey, testSecret)
		change(a)
		return a
	}
	f(nil, *engine.Event)
	f(app(func(*apps.App) {}), *engine.Event)
	conflating := app(func(a *apps.App) { a.Slow.Policy = apps.SlowConflate })
	f(conflating, engine.Rule{Policy: engine.Conflate})
	f(nil, engine.Rule{Policy: engine.Conflate})
	f(app(func(a *apps.App) {
		a.SlowChannels = []apps.SlowChannels{{Channels: "market-*", Slow: apps.Slow{Policy: apps.SlowDropOldest, Bytes: 7}}}
	}), engine.Rule{Name: "market-*", Policy: engine.DropOldest, Bytes: 7})
	f(app(func(*apps.App) {}), *engine.Event)
	if a, b := newSlowRules(&changing{conflating}), conflating; a.of("3", "x") != a.of("3", "y") || !b.Enabled {
		t.Error("one record has two rules for the same")
	}
}

// A message costs no allocation for its rule.
func TestSlowRulesDoNotAllocate(t *testing.T) {
	a := apps.New("3", testKey, testSecret)
	a.SlowChannels = []apps.SlowChannels{{Channels: "market-*"}}
	rules := newSlowRules(&changing{a})
	if n := testing.AllocsPerRun(100, func() { rules.of("3", "market-eur") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
