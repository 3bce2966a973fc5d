package pusher

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fanfare/channels"
)

func miss(channel string) string {
	return `{"event":"pusher:cache_miss","channel":"` + channel + `","data":"{}"}`
}

func event(channel, data string) string {
	return `{"event":"e","channel":"` + channel + `","data":"` + data + `"}`
}

func (w *world) cache(channel, data string) {
	w.Helper()
	w.publish(&channels.Message{Channel: channel, Event: "e", Data: data, Retain: time.Minute})
}

func TestCacheChannels_CAC01_CAC02_CAC03_CAC07(t *testing.T) {
	for _, channel := range []string{"cache-x", "private-cache-x", "private-encrypted-cache-x"} {
		w := newWorld(t, nil)
		first := w.connect()
		first.do(first.subscribe(channel, ""))
		first.wants(succeeded(channel), miss(channel))
		w.cache(channel, "one")
		w.cache(channel, "two")
		first.wants(event(channel, "one"), event(channel, "two"))
		second := w.connect()
		second.do(second.subscribe(channel, ""))
		second.wants(succeeded(channel), event(channel, "two"))
		first.wants()
	}
}

func TestPresenceCacheChannel_CAC03(t *testing.T) {
	const channel, user = "presence-cache-x", `{"user_id":"1"}`
	w := newWorld(t, nil)
	c := w.connect()
	c.do(c.subscribe(channel, user))
	got := c.read()
	if len(got) != 2 || !strings.Contains(got[0], "subscription_succeeded") || got[1] != miss(channel) {
		t.Errorf("received %q", got)
	}
	w.cache(channel, "one")
	c.do(unsubscribe(channel), c.subscribe(channel, user))
	got = c.read()
	if len(got) != 3 || !strings.Contains(got[1], "subscription_succeeded") || got[2] != event(channel, "one") {
		t.Errorf("received %q", got)
	}
}

// Whom a publish leaves out gets it when it comes anew.
func TestExclusionIsForTheLiveEventOnly_CAC10(t *testing.T) {
	w := newWorld(t, nil)
	c := w.connect()
	c.do(c.subscribe("cache-x", ""))
	c.read()
	h, _ := w.server.cfg.IDs.Lookup(mustParse(t, c.id))
	w.publish(&channels.Message{Channel: "cache-x", Event: "e", Data: "one", Retain: time.Minute, Except: h})
	c.wants()
	c.do(unsubscribe("cache-x"), c.subscribe("cache-x", ""))
	c.wants(succeeded("cache-x"), event("cache-x", "one"))
}

func TestCounts_CNT01_CNT02(t *testing.T) {
	w := newWorld(t, func(a *appRecord) { a.SubscriptionCounts = true })
	count := func(channel string, n int) string {
		return fmt.Sprintf(`{"event":"pusher_internal:subscription_count","channel":%q,"data":"{\"subscription_count\":%d}"}`, channel, n)
	}
	for _, channel := range []string{"news", "private-x"} {
		a, b := w.connect(), w.connect()
		a.do(a.subscribe(channel, ""))
		a.wants(succeeded(channel), count(channel, 1))
		b.do(b.subscribe(channel, ""))
		b.wants(succeeded(channel), count(channel, 2))
		a.wants(count(channel, 2))
		a.write(unsubscribe(channel))
		b.wants(count(channel, 1))
		a.wants()
	}
	c := w.connect()
	c.join("presence-x", `{"user_id":"1"}`)
	c.wants()
}

// A room is confirmed block by block; clients must not see where they meet.
func TestLargeRoom_PRE03_PRE05_PRE07(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 200 {
		info := ""
		if i%3 > 0 {
			info = fmt.Sprintf(`,"user_info":{"name":"\"%d\""}`, i)
		}
		w.connect().join("presence-x", fmt.Sprintf(`{"user_id":"u%d"%s}`, i, info))
	}
	c := w.connect()
	c.do(c.subscribe("presence-x", `{"user_id":"last","user_info":true}`))
	list := parsePresence(t, c.read()[0])
	if list.Count != 201 || len(list.IDs) != 201 || len(list.Hash) != 201 {
		t.Fatalf("%d members, %d ids, %d infos", list.Count, len(list.IDs), len(list.Hash))
	}
	for i, id := range list.IDs[:200] {
		want := "null"
		if i%3 > 0 {
			want = fmt.Sprintf(`{"name":"\"%d\""}`, i)
		}
		if id != fmt.Sprint("u", i) || string(list.Hash[id]) != want {
			t.Fatalf("member %d is %s: %s", i, id, list.Hash[id])
		}
	}
	if string(list.Hash["last"]) != "true" {
		t.Errorf("the joiner is %s", list.Hash["last"])
	}
}

// A list that a socket takes in small pieces is whole, and what comes after it
// comes after it.
func TestLargeRoomForASlowReader_PRE03(t *testing.T) {
	const members = 3000
	w := newWorld(t, nil)
	for i := range members {
		_, err := w.registry.Subscribe(channels.Join{
			App: "3", Channel: "presence-x", Handle: 1,
			Presence: &channels.Member{UserID: fmt.Sprint("u", i), Info: fmt.Sprintf(`{"name":"User %d"}`, i)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.loop.Settle()
	c, quick := w.connect(), w.connect()
	quick.do(quick.subscribe("presence-x", `{"user_id":"quick"}`))
	quick.read()
	c.peer.Limit(1000)
	c.do(c.subscribe("presence-x", `{"user_id":"slow"}`))
	w.publish(&channels.Message{Channel: "presence-x", Event: "e", Data: "after"})
	for range 20 {
		c.peer.Limit(7001)
	}
	c.peer.Stall(false)
	w.loop.Settle()
	got := c.read()
	if len(got) != 2 || got[1] != event("presence-x", "after") {
		t.Fatalf("%d frames came", len(got))
	}
	if list := parsePresence(t, got[0]); list.Count != members+2 || len(list.IDs) != members+2 || len(list.Hash) != members+2 ||
		list.IDs[members] != "quick" || string(list.Hash["u2999"]) != `{"name":"User 2999"}` {
		t.Errorf("%d members, %d ids, %d infos", list.Count, len(list.IDs), len(list.Hash))
	}
}
