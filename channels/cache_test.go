package channels

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const halfHour = 30 * time.Minute

// keep publishes an event that the channel is to keep.
func (w *world) keep(channel, data string) {
	w.t.Helper()
	if err := w.publishNow(&Message{App: "app", Channel: channel, Event: "said", Data: data, Retain: halfHour}); err != nil {
		w.t.Errorf("publish: %v", err)
	}
}

func TestCAC01AJoinerGetsTheLastEventWithItsConfirmation(t *testing.T) {
	w := newWorld(t, 2, 1)
	ann := w.join(here, "app", "cache-x", "")
	w.keep("cache-x", "one")
	w.keep("cache-x", "two")
	w.settle()
	bob := w.join(there, "app", "cache-x", "")
	w.keep("cache-x", "three")
	w.settle()
	w.expect(ann, "joined", "1 one", "2 two", "3 three")
	w.expect(bob, "joined cached two", "3 three")
}

func TestCAC04APublishWithoutSubscribersFillsTheCache(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.keep("cache-x", "early")
	if got := w.Cached("app", "cache-x"); got.Message == nil || got.Message.Data != "early" || got.TTL <= 0 || got.TTL > halfHour {
		t.Errorf("kept: %+v", got)
	}
	if n := w.Subscribers("app", "cache-x"); n != 0 {
		t.Errorf("%d subscribers, want none", n)
	}
	w.Each("app", "", func(name string, _, _ int) bool {
		t.Errorf("%s is listed as occupied", name)
		return true
	})
	ann := w.join(here, "app", "cache-x", "")
	w.settle()
	w.expect(ann, "joined cached early")
}

func TestCAC05TheCacheOutlivesTheLastSubscriber(t *testing.T) {
	w := newWorld(t, 1, 1)
	ann := w.join(here, "app", "cache-x", "")
	w.keep("cache-x", "one")
	w.settle()
	w.Unsubscribe(ann)
	bob := w.join(here, "app", "cache-x", "")
	w.settle()
	w.expect(bob, "joined cached one")
}

func TestCAC06TheCacheEndsAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, 1)
		w.keep("cache-x", "one")
		<-time.After(halfHour - time.Second)
		w.Tick()
		if got := w.Cached("app", "cache-x"); got.TTL != time.Second {
			t.Errorf("a second before its end the event has %v left", got.TTL)
		}
		w.keep("cache-x", "two")
		<-time.After(halfHour - time.Nanosecond)
		w.Tick()
		ann := w.join(here, "app", "cache-x", "")
		w.settle()
		w.expect(ann, "joined cached two")
		w.Unsubscribe(ann)
		<-time.After(time.Nanosecond)
		bob := w.join(here, "app", "cache-x", "")
		w.settle()
		w.expect(bob, "joined")
		w.Unsubscribe(bob)
		w.Tick()
		w.expectEmpty()
		if n := w.Stats().CachedBytes; n != 0 {
			t.Errorf("%d bytes are counted as kept", n)
		}
	})
}

func TestCAC08MemberEventsAndOthersAreNotKept(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.keep("presence-cache-x", "event")
	ann := w.join(here, "app", "presence-cache-x", "ann")
	w.publishNow(&Message{App: "app", Channel: "presence-cache-x", Kind: ClientEvent, Data: "whisper"})
	w.join(here, "app", "presence-cache-x", "bob")
	w.settle()
	if got := w.Cached("app", "presence-cache-x").Message; got == nil || got.Data != "event" {
		t.Errorf("kept: %+v", got)
	}
	w.expect(ann, "joined ann:1", "3  whispers whisper", "4 +bob:2")
}

func TestTheCacheIsBounded(t *testing.T) {
	w := watched(t, 20_000)
	for i := range 100 {
		w.keep(fmt.Sprint("cache-", i), "data")
	}
	s := w.Stats()
	if s.CachedBytes > 20_000 || s.CachedBytes < 15_000 || s.CacheEvicted < 50 {
		t.Errorf("kept with a bound of 20,000 bytes: %+v", s)
	}
	if w.Cached("app", "cache-0").Message != nil || w.Cached("app", "cache-99").Message == nil {
		t.Error("not the oldest went")
	}
	kept := 0
	for i := range 100 {
		if w.Cached("app", fmt.Sprint("cache-", i)).Message != nil {
			kept++
		}
	}
	if kept+int(s.CacheEvicted) != 100 {
		t.Errorf("%d are kept and %d were dropped, of 100", kept, s.CacheEvicted)
	}
}

// What was refreshed is not the oldest any more.
func TestTheOldestKeptMessageGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watched(t, 0)
		w.keep("cache-a", "one")
		<-time.After(time.Second)
		w.keep("cache-b", "one")
		<-time.After(time.Second)
		w.keep("cache-a", "two")
		w.storage.limit = w.Stats().CachedBytes
		w.keep("cache-c", "one")
		if w.Cached("app", "cache-a").Message == nil || w.Cached("app", "cache-b").Message != nil {
			t.Error("the refreshed message went instead of the older one")
		}
	})
}

func TestARefusedEventIsNotKept(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.join(here, "app", "cache-x", "")
	w.settle()
	w.boxes[0].fill(true)
	if err := w.publishNow(&Message{App: "app", Channel: "cache-x", Data: "refused", Retain: halfHour}); err == nil {
		t.Fatal("accepted by a full mailbox")
	}
	if got := w.Cached("app", "cache-x").Message; got != nil {
		t.Errorf("kept: %+v", got)
	}
}

func TestTheWitnessIsToldOfTheCache(t *testing.T) {
	w := watched(t, 0)
	ann := w.join(here, "app", "cache-x", "")
	w.join(here, "app", "cache-x", "")
	w.keep("cache-x", "one")
	w.keep("cache-x", "two")
	w.join(here, "app", "cache-x", "")
	w.Unsubscribe(ann)
	w.expectWitnessed("occupied cache-x", "cache missed cache-x", "cache missed cache-x", "cache filled cache-x")
}

func BenchmarkKeep(b *testing.B) {
	r, mailbox, _ := crowd(b, 0)
	for _, channels := range []int{1, 100_000} {
		b.Run(fmt.Sprint(channels), func(b *testing.B) {
			names := make([]string, channels)
			for i := range names {
				names[i] = fmt.Sprint("cache-", i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.Publish(&Message{App: "app", Channel: names[i%channels], Event: "tick", Data: "data", Retain: halfHour}, nil)
				mailbox.drain(r)
			}
		})
	}
}

func TestDropForgetsAnApp(t *testing.T) {
	w := watched(t, 0)
	w.keep("cache-x", "one")
	ann := w.join(here, "app", "cache-y", "")
	w.keep("cache-y", "two")
	if err := w.publishNow(&Message{App: "other", Channel: "cache-x", Data: "stays", Retain: halfHour}); err != nil {
		t.Fatal(err)
	}
	w.Drop("app")
	for channel, want := range map[string]bool{"cache-x": false, "cache-y": false} {
		if got := w.Cached("app", channel).Message != nil; got != want {
			t.Errorf("%s keeps a message: %v", channel, got)
		}
	}
	if w.Cached("other", "cache-x").Message == nil {
		t.Error("another app's message went too")
	}
	w.keep("cache-y", "three")
	w.settle()
	w.expect(ann, "joined", "1 two", "2 three")
	if got := w.Cached("app", "cache-y").Message; got == nil || got.Data != "three" {
		t.Errorf("kept: %+v", got)
	}
}

// What has to be escaped is counted as what it becomes.
func TestWhatIsKeptIsWeighed(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.keep("cache-x", strings.Repeat("\x01", 1000))
	if n := w.Stats().CachedBytes; n < 7000 || n > 8000 {
		t.Errorf("a thousand control characters count as %d bytes", n)
	}
}
