package linger

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// diary writes down what a set tells.
type diary struct {
	mu    sync.Mutex
	lines []string
}

var words = [...]string{Came: "came", Left: "left", Returned: "returned", Gone: "gone"}

func (d *diary) tell(k string, c Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, k+" "+words[c])
}

// want checks what was told since it was asked last.
func (d *diary) want(t *testing.T, lines ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := cmp.Diff(lines, slices.Clip(d.lines)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	d.lines = nil
}

// after lets the bubble's time pass.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestEndIsToldAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell})
		s.Begin("a")
		d.want(t, "a came")
		s.End("a")
		d.want(t, "a left")
		after(DefaultDelay - time.Millisecond)
		d.want(t)
		if !s.Lingers("a") || s.Lingers("b") || s.Len() != 1 {
			t.Errorf("in the delay: a %v, b %v, %d keys", s.Lingers("a"), s.Lingers("b"), s.Len())
		}
		after(time.Millisecond)
		d.want(t, "a gone")
		if s.Lingers("a") || s.Len() != 0 {
			t.Errorf("after the delay: a %v, %d keys", s.Lingers("a"), s.Len())
		}
		s.Begin("a")
		d.want(t, "a came")
	})
}

func TestReturnTakesTheEndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell})
		s.End("a")
		after(2 * time.Second)
		s.Begin("a")
		d.want(t, "a left", "a returned")
		after(2 * time.Second)
		d.want(t)
		s.End("a") // the delay is counted from here
		after(2 * time.Second)
		d.want(t, "a left")
		after(time.Second)
		d.want(t, "a gone")
	})
}

func TestEndTwiceWaitsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell})
		s.End("a")
		after(time.Second)
		s.End("a")
		after(2 * time.Second)
		d.want(t, "a left", "a gone")
		after(time.Hour)
		d.want(t)
	})
}

// Keys with one home are told in order, whichever way they end.
func TestHomeKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell, Home: func(string) uint64 { return 7 }})
		for _, k := range []string{"a", "b", "c", "d"} {
			s.End(k)
		}
		s.Begin("b")
		d.want(t, "a left", "b left", "c left", "d left", "b returned")
		after(DefaultDelay)
		d.want(t, "a gone", "c gone", "d gone")
	})
}

func TestBeyondMaxTheOldestIsToldEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell, Max: shards + 1, Home: func(string) uint64 { return 0 }})
		s.End("a")
		s.End("b") // in the room that all share
		d.want(t, "a left", "b left")
		s.End("c")
		d.want(t, "a gone", "c left")
		s.End("d")
		d.want(t, "b gone", "d left")
		after(DefaultDelay)
		d.want(t, "c gone", "d gone")
		if n := s.room.Load(); n != 1 {
			t.Errorf("there is room for %d", n)
		}
	})
}

// counts is how often each change was told. Any goroutine may tell.
type counts [Gone + 1]atomic.Int64

func (c *counts) tell(_ int, what Change) { c[what].Add(1) }

// Ten channels lose all their members for a second, as when a proxy is started
// anew. Each has its home in one shard, and together they are a tenth of Max.
func TestManyOfOneHomeLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told counts
		s := New(Config[int]{Tell: told.tell, Home: func(k int) uint64 { return uint64(k % 10) }})
		const n = DefaultMax / 10
		for k := range n {
			s.End(k)
		}
		after(time.Second)
		for k := range n {
			s.Begin(k)
		}
		after(DefaultDelay)
		if gone, back := told[Gone].Load(), told[Returned].Load(); gone != 0 || back != n {
			t.Errorf("%d of %d came back in time, %d were told as gone", back, n, gone)
		}
	})
}

// A home with more keys than the set may hold gets most of it. The others keep
// what is theirs, and the set its bound.
func TestOneHomeCanNotTakeAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told counts
		const limit, own = 64 * shards, 8 // an eighth of 64
		s := New(Config[int]{Max: limit, Tell: told.tell, Home: func(k int) uint64 { return uint64(k % shards) }})
		for k := range 2 * limit {
			s.End(k * shards)
		}
		if n := s.Len(); n != limit-own*(shards-1) {
			t.Errorf("%d of %d linger in one shard", n, limit)
		}
		gone := told[Gone].Load()
		for k := range own * shards {
			if k%shards != 0 {
				s.End(k)
			}
		}
		if n := told[Gone].Load() - gone; n != 0 || s.Len() != limit {
			t.Errorf("%d were told early in shards with few; %d of %d linger", n, s.Len(), limit)
		}
		s.End(own*shards + 1) // one more than the shard's own
		if n := told[Gone].Load() - gone; n != 1 || s.Len() != limit {
			t.Errorf("%d were told early; %d of %d linger", n, s.Len(), limit)
		}
		after(DefaultDelay)
		if n := s.room.Load(); n != limit-own*shards || s.Len() != 0 {
			t.Errorf("%d linger, and there is room for %d", s.Len(), n)
		}
	})
}

// However many goroutines fight for the room, none of it is lost or made.
func TestRoomUnderContention(t *testing.T) {
	var told counts
	s := New(Config[int]{Max: shards + 8, Tell: told.tell, Delay: time.Hour, Home: func(k int) uint64 { return uint64(k % 16) }})
	defer s.Stop()
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 5000 {
				s.End(g + i%5*16)
				if i%3 == 0 {
					s.Begin(g + i%7*16)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Len(); n > 16+8 {
		t.Errorf("%d linger", n)
	}
	s.Flush()
	if n := s.room.Load(); n != 8 || told[Left].Load() != told[Gone].Load()+told[Returned].Load() {
		t.Errorf("there is room for %d; %d left, %d returned, %d are gone", n, told[Left].Load(), told[Returned].Load(), told[Gone].Load())
	}
}

func TestFlushAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := New(Config[string]{Tell: d.tell, Home: func(string) uint64 { return 0 }})
		s.End("a")
		s.End("b")
		s.Flush()
		d.want(t, "a left", "b left", "a gone", "b gone")
		s.End("c")
		d.want(t, "c left")
		s.Stop()
		s.End("d")
		s.Begin("e")
		s.Flush()
		after(time.Minute)
		d.want(t)
	})
}

func TestConfigThatCannotWork(t *testing.T) {
	for name, cfg := range map[string]Config[int]{
		"no tell": {},
		"delay":   {Tell: func(int, Change) {}, Delay: -1},
		"max":     {Tell: func(int, Change) {}, Max: -1},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			New(cfg)
		})
	}
}

// Memory is for keys in their delay only: one that comes and goes a thousand
// times takes no more than one that does so once.
func TestFlappingLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config[int]{Tell: func(int, Change) {}, Home: func(int) uint64 { return 0 }})
		for range 1000 {
			s.End(1)
			s.Begin(1)
		}
		if sh := &s.shards[0]; s.Len() != 0 || sh.oldest != nil || sh.newest != nil {
			t.Errorf("%d keys wait, the queue holds %v", s.Len(), sh.oldest)
		}
		for k := range 2 * large {
			s.End(k)
		}
		after(DefaultDelay)
		if s.shards[0].waiting != nil {
			t.Error("the map of a storm is kept")
		}
	})
}

// model is a set as one would write it down: a list of ends with their times.
type model struct {
	keys []string
	due  []time.Time
	told []string
}

func (m *model) begin(k string) {
	i := slices.Index(m.keys, k)
	if i < 0 {
		m.told = append(m.told, k+" came")
		return
	}
	m.keys, m.due = slices.Delete(m.keys, i, i+1), slices.Delete(m.due, i, i+1)
	m.told = append(m.told, k+" returned")
}

func (m *model) end(k string) {
	if !slices.Contains(m.keys, k) {
		m.keys, m.due = append(m.keys, k), append(m.due, time.Now().Add(DefaultDelay))
		m.told = append(m.told, k+" left")
	}
}

func (m *model) pass() {
	for len(m.due) > 0 && !m.due[0].After(time.Now()) {
		m.told = append(m.told, m.keys[0]+" gone")
		m.keys, m.due = m.keys[1:], m.due[1:]
	}
}

// Whatever happens in whatever order, the set tells what the model tells.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 11), 1, 60).Draw(rt, "steps")
		var got diary
		var want model
		synctest.Test(t, func(*testing.T) {
			s := New(Config[string]{Tell: got.tell, Home: func(string) uint64 { return 0 }})
			for _, step := range steps {
				switch k := fmt.Sprint(step % 4); step / 4 {
				case 0:
					s.Begin(k)
					want.begin(k)
				case 1:
					s.End(k)
					want.end(k)
				default:
					after(time.Duration(step) * 100 * time.Millisecond)
					want.pass()
				}
			}
			s.Stop()
		})
		if diff := cmp.Diff(want.told, got.lines); diff != "" {
			rt.Fatalf("told (-want +got):\n%s", diff)
		}
	})
}

// Many goroutines, few keys: for every key Came and Gone alternate as far as
// begins and ends do.
func TestContention(t *testing.T) {
	const keys, rounds = 32, 3000
	var on [keys]atomic.Int64
	s := New(Config[int]{Delay: time.Millisecond, Tell: func(k int, c Change) {
		switch c {
		case Came:
			on[k].Add(1)
		case Gone:
			on[k].Add(-1)
		}
		if n := on[k].Load(); n < 0 || n > 1 {
			t.Errorf("key %d is on %d times", k, n)
		}
	}})
	var wg sync.WaitGroup
	for k := range keys {
		wg.Go(func() {
			for range rounds {
				s.Begin(k)
				s.Lingers(k ^ 1)
				s.End(k)
			}
		})
	}
	wg.Wait()
	s.Flush()
	s.Stop()
	for k := range on {
		if n := on[k].Load(); n != 0 {
			t.Errorf("key %d is left on %d times", k, n)
		}
	}
}

type benchKey struct{ app, channel string }

func BenchmarkEndAndReturn(b *testing.B) {
	s := New(Config[benchKey]{Tell: func(benchKey, Change) {}})
	k := benchKey{app: "app-id", channel: "private-user-12345"}
	b.ReportAllocs()
	for b.Loop() {
		s.End(k)
		s.Begin(k)
	}
}

func BenchmarkEndOfMany(b *testing.B) {
	names := make([]string, 1<<16)
	for i := range names {
		names[i] = fmt.Sprintf("private-user-%d", i)
	}
	s := New(Config[benchKey]{Tell: func(benchKey, Change) {}})
	defer s.Stop()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.End(benchKey{app: "app-id", channel: names[i&(len(names)-1)]})
		if i++; i&(len(names)-1) == 0 {
			s.Flush()
		}
	}
}

// Whoever asks while a key ends and begins again is told that it is on.
func TestOnSeesNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config[string]{Delay: time.Hour, Tell: func(string, Change) {}})
		defer s.Stop()
		on := false
		begin := func() { s.Begin("k"); on = true }
		end := func() { on = false; s.End("k") }
		f := func(want bool, during func()) {
			t.Helper()
			asked := 0
			got := s.On("k", func() bool {
				was := on
				if asked++; asked == 1 {
					during()
				}
				return was
			})
			if got != want {
				t.Errorf("on: %v, want %v", got, want)
			}
		}
		f(false, func() {})
		f(true, begin)
		f(true, end)
		f(true, begin) // it lingered before and is on after
		f(true, end)
		<-time.After(2 * time.Hour)
		f(false, func() {})
	})
}
