package channels

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// lonely makes n channels with one subscriber each.
func lonely(tb testing.TB, n int) *Registry {
	r, mailbox, _ := crowd(tb, 0)
	for i := range n {
		_, err := r.Subscribe(Join{App: "app", Channel: fmt.Sprint("private-user.", i), Handle: Handle(i + 1)})
		if err != nil {
			tb.Fatal(err)
		}
		mailbox.drain(r)
	}
	return r
}

// heapOf returns the bytes that stay reachable from what make returns.
func heapOf[T any](make func() T) (T, uint64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	made := make()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return made, after.HeapAlloc - before.HeapAlloc
}

func TestAChannelWithOneSubscriberIsSmall(t *testing.T) {
	const n = 100_000
	r, bytes := heapOf(func() *Registry { return lonely(t, n) })
	if per := bytes / n; per > 350 {
		t.Errorf("%d bytes per channel with one subscriber, want 350 at most", per)
	}
	runtime.KeepAlive(r)
}

func BenchmarkBytesPerLonelyChannel(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		r, bytes := heapOf(func() *Registry { return lonely(b, n) })
		b.ReportMetric(float64(bytes)/n, "B/channel")
		runtime.KeepAlive(r)
	}
}

func BenchmarkBytesPerMemberInRoomsOfTen(b *testing.B) {
	const rooms = 10_000
	for b.Loop() {
		r, bytes := heapOf(func() *Registry {
			r, mailbox, _ := crowd(b, 0)
			for i := range 10 * rooms {
				_, err := r.Subscribe(Join{
					App: "app", Channel: fmt.Sprint("presence-room.", i/10), Handle: Handle(i + 1),
					Presence: &Member{UserID: fmt.Sprint(i), Info: fmt.Sprintf("%100d", i)},
				})
				if err != nil {
					b.Fatal(err)
				}
				mailbox.drain(r)
			}
			return r
		})
		b.ReportMetric(float64(bytes)/(10*rooms), "B/member")
		runtime.KeepAlive(r)
	}
}

func BenchmarkLookUpIn100kChannels(b *testing.B) {
	const n = 100_000
	r := lonely(b, n)
	names := make([]string, n)
	for i, j := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		names[i] = fmt.Sprint("private-user.", j)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if r.find("app", names[i%n]) == nil {
			b.Fatal("not found")
		}
		i++
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []int{1, 8000} {
		b.Run(fmt.Sprint("to ", subscribers), func(b *testing.B) {
			r, mailbox, sink := crowd(b, subscribers)
			b.ReportAllocs()
			for b.Loop() {
				r.Publish(&Message{App: "app", Channel: "room", Event: "e", Data: "x"}, nil)
				mailbox.drain(r)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(sink.delivered), "ns/delivery")
		})
	}
}

func BenchmarkSubscribeAndLeave(b *testing.B) {
	r, mailbox, _ := crowd(b, 8000)
	for _, channel := range []string{"room", "private-user.1"} {
		b.Run(channel, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := r.Subscribe(Join{App: "app", Channel: channel, Handle: 1})
				if err != nil {
					b.Fatal(err)
				}
				mailbox.drain(r)
				r.Unsubscribe(s)
			}
		})
	}
}

// Each leave copies the members, because the joiner holds a snapshot of them.
func BenchmarkJoinAPresenceRoomOfTenThousand(b *testing.B) {
	r, mailbox, _ := crowd(b, 0)
	for i := range 10_000 {
		_, err := r.Subscribe(Join{App: "app", Channel: "room", Handle: 1, Presence: &Member{UserID: fmt.Sprint(i)}})
		if err != nil {
			b.Fatal(err)
		}
		mailbox.queue = mailbox.queue[:0]
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := r.Subscribe(Join{App: "app", Channel: "room", Handle: 2, Presence: &Member{UserID: "new"}})
		if err != nil {
			b.Fatal(err)
		}
		r.Unsubscribe(s)
		mailbox.queue = mailbox.queue[:0]
	}
}

// BenchmarkHandover is what the registry has to do in a hand-over, for each of many
// channels with one subscriber.
func BenchmarkHandover(b *testing.B) {
	const n = 50_000
	b.Run("silent", func(b *testing.B) { handOver(b, lonely(b, n), n) })
	b.Run("with messages", func(b *testing.B) {
		r := lonely(b, n)
		for i := range n {
			r.Publish(&Message{App: "app", Channel: fmt.Sprint("private-user.", i), Event: "e", Data: "x"}, nil)
		}
		handOver(b, r, n)
	})
}

// handOver measures it for n channels of [lonely].
func handOver(b *testing.B, r *Registry, n int) {
	all := make([]Return, n)
	for i := range all {
		all[i] = Return{App: "app", Channel: fmt.Sprint("private-user.", i), Handle: Handle(i + 1)}
	}
	spent := map[string]time.Duration{}
	for b.Loop() {
		next, _, _ := crowd(b, 0)
		start := time.Now()
		lap := func(what string) { spent[what], start = spent[what]+time.Since(start), time.Now() }
		state := r.Export(0, 1)
		lap("export")
		next.Import(state)
		lap("import")
		for i := range all {
			next.Return(&all[i])
		}
		lap("return")
		next.Settle()
		lap("settle")
	}
	for what, d := range spent {
		b.ReportMetric(float64(d.Nanoseconds())/float64(b.N*n), "ns/"+what)
	}
}
