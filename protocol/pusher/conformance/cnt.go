package main

import "time"

const subscriptionCount = "pusher_internal:subscription_count"

// The figures of the hosted service: above countEach connections a channel is
// told its number at most once in countPause.
const (
	countEach  = 100
	countPause = 5 * time.Second
)

// toldCount reads the number of subscriptions, which must come next.
func (c *client) toldCount(channel string) int {
	e := c.expect(subscriptionCount, channel)
	c.members(e, "event", "channel", "data")
	var data struct {
		Count *int `json:"subscription_count"`
	}
	c.t.decode(c.text(e), &data)
	if data.Count == nil {
		c.t.fatalf("data of %s has no subscription_count", e)
	}
	return *data.Count
}

// counted proves that each of the clients is told this number next.
func counted(want int, channel string, clients ...*client) {
	for _, c := range clients {
		if got := c.toldCount(channel); got != want {
			c.t.fatalf("told that %s has %d subscriptions, want %d", channel, got, want)
		}
	}
}

func cnt01(t *T) {
	for _, prefix := range []string{"public-", "private-", "private-encrypted-"} {
		channel := t.name(prefix)
		a, b, c := t.connect(countsApp), t.connect(countsApp), t.connect(countsApp)
		a.enter(channel, "") // reads the confirmation, which comes first
		counted(1, channel, a)
		b.enter(channel, "")
		counted(2, channel, a, b)
		c.enter(channel, "")
		counted(3, channel, a, b, c)
		b.leave(channel) // and hears of it no more
		counted(2, channel, a, c)
		t.check(c.conn.Close(), "disconnect")
		counted(1, channel, a)
		b.enter(channel, "")
		counted(2, channel, a, b)
		b.ask(channel, b.app.Token(b.id, channel, ""), "") // a second time, which changes nothing
		b.refused(channel)
		t.publish(a.app, "event", "{}", channel)
		a.expect("event", channel)
	}
	t.cacheChannels()
	off := t.connect(mainApp) // whose setting is off
	off.subscribe(t.name("public-"))
	off.alive()
}

// cacheChannels proves that cache channels are counted too. What they keep, or
// that they keep nothing, comes before the number.
func (t *T) cacheChannels() {
	for _, prefix := range []string{"cache-", "private-cache-"} {
		channel := t.name(prefix)
		a, b := t.connect(countsApp), t.connect(countsApp)
		a.enter(channel, "")
		a.expect(cacheMiss, channel)
		counted(1, channel, a)
		b.enter(channel, "")
		b.expect(cacheMiss, channel)
		counted(2, channel, a, b)
	}
}

func cnt02(t *T) {
	for _, prefix := range []string{"presence-", "presence-cache-"} {
		watcher, c, room := t.connect(countsApp), t.connect(countsApp), t.name(prefix)
		watcher.enter(room, "1")
		c.enter(room, "2")
		t.check(c.conn.Close(), "disconnect")
		t.eventually("the member is gone", func() bool { return t.count(c.app, room) == 1 })
		t.publish(watcher.app, "event", "{}", room) // which comes after all that was told
		for e := watcher.next(); e.Event != "event"; e = watcher.next() {
			if e.Event == subscriptionCount {
				t.fatalf("got %s on a presence channel", e)
			}
		}
	}
}

// cnt03 fills a channel beyond the limit. The watcher, there from the start,
// hears every number up to it, and then one that is put off.
func cnt03(t *T) {
	const extra = 8
	channel := t.name("public-")
	watcher := t.connect(countsApp)
	watcher.enter(channel, "")
	counted(1, channel, watcher)
	for n := 2; n <= countEach; n++ {
		t.connect(countsApp).enter(channel, "")
		counted(n, channel, watcher)
	}
	for range extra {
		t.connect(countsApp).enter(channel, "")
	}
	told := watcher.countedTo(countEach+extra, channel, time.Time{})
	t.connect(countsApp).enter(channel, "")
	watcher.countedTo(countEach+extra+1, channel, told)
}

// countedTo reads numbers until this one comes, and returns when it came. None
// may come within the pause after the one before, which came at told.
func (c *client) countedTo(want int, channel string, told time.Time) time.Time {
	const late = time.Second // by which the one before may have been read too late
	for {
		got, now := c.toldCount(channel), time.Now()
		if pause := now.Sub(told); pause < countPause-late {
			c.t.fatalf("told %d only %v after the number before, want at most one in %v", got, pause, countPause)
		}
		if got == want {
			return now
		}
		told = now
	}
}

func cnt04(t *T) {
	app, channel := t.apps[countsApp], t.name("public-")
	p := t.puppet()
	p.do(
		create("Pusher", "tab", app.Key, t.pageOptions()),
		call("tab", "subscribe", "room", channel),
		bind("room", "bind", "count", "pusher:subscription_count"))
	for n := 1; n <= 3; n++ {
		if n > 1 {
			t.connect(countsApp).enter(channel, "")
		}
		p.hears("count", encode(map[string]int{"subscription_count": n}))
		if got := string(p.do(read("room.subscriptionCount"))); got != encode(n) {
			t.fatalf("channel.subscriptionCount is %s, want %d", got, n)
		}
	}
	p.heardAll()
}
