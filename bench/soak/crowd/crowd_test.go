//go:build linux

package crowd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/fault"
	"fanfare/bench/loadgen"
	"fanfare/bench/loadgen/pushertest"
	"fanfare/bench/soak/account"
	"fanfare/protocol/pusher/auth"
)

const patience = 20 * time.Second

// world is a crowd on a plain server, and a publisher.
type world struct {
	t       *testing.T
	orders  *json.Encoder
	reports chan Report
	base    string // http://HOST:PORT
	next    map[int]uint32
	last    map[int]account.Stamp
	wrongs  []string // that were told so far
}

// newWorld starts a crowd of one group on a server that tampers, and waits until
// all stand.
func newWorld(t *testing.T, g Group, tamper pushertest.Tamper) *world {
	t.Helper()
	addr := pushertest.StartTampering(t, tamper).Target().Addr.String()
	g.Name, g.URL, g.AppID, g.Secret = "group", "ws://"+addr+"/app/app-key", "app-id", "app-secret"
	w := &world{t: t, base: "http://" + addr, reports: make(chan Report, 100), next: map[int]uint32{}, last: map[int]account.Stamp{}}
	orders := w.start()
	if err := w.orders.Encode(Brief{Groups: []Group{g}, PerSecond: 10_000, Seed: 1, Every: 20 * time.Millisecond, Activity: patience, Pong: patience}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = orders.Close() })
	w.until("all stand", func(r Report) bool { return r.Standing == g.Count || g.Stay > 0 && r.Standing > 0 })
	return w
}

// start runs the crowd until its orders are closed.
func (w *world) start() io.Closer {
	in, orders := io.Pipe()
	said, out := io.Pipe()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	ended := make(chan error, 1)
	go func() {
		err := Run(ctx, in, out)
		_ = out.Close() // never fails
		ended <- err
	}()
	go w.listen(said)
	w.t.Cleanup(func() {
		if err := <-ended; err != nil {
			w.t.Errorf("the crowd ended with %v", err)
		}
		cancel()
		_ = in.Close() // never fails
	})
	w.orders = json.NewEncoder(orders)
	return orders
}

func (w *world) listen(said io.Reader) {
	defer close(w.reports)
	reports := json.NewDecoder(said)
	for {
		var r Report
		if reports.Decode(&r) != nil {
			return
		}
		w.reports <- r
	}
}

// until returns the first report for which something is true.
func (w *world) until(what string, is func(Report) bool) Report {
	w.t.Helper()
	late := time.After(patience)
	for {
		select {
		case r, open := <-w.reports:
			if !open {
				w.t.Fatalf("the crowd has ended before %s", what)
			}
			for _, wrong := range r.Wrongs {
				w.wrongs = append(w.wrongs, wrong.Text)
			}
			if is(r) {
				return r
			}
		case <-late:
			w.t.Fatalf("after %v it is not so that %s", patience, what)
		}
	}
}

func (w *world) order(o Order) Report {
	w.t.Helper()
	if err := w.orders.Encode(Command{Do: o, Last: w.last}); err != nil {
		w.t.Fatal(err)
	}
	return w.until(string(o), func(r Report) bool { return r.Done == o })
}

// publish sends the next message of a channel.
func (w *world) publish(k Kind, i int) {
	w.t.Helper()
	source := k.Source(i)
	s := account.Stamp{Mark: loadgen.Mark{Source: source, Seq: w.next[source]}, Sent: Now()}
	if last, any := w.last[source]; any {
		s.Certain, s.CertainSent = last.Seq+1, last.Sent
	}
	w.next[source]++
	w.last[source] = s
	body := []byte(fmt.Sprintf(`{"name":%q,"channel":%q,"data":%q}`, EventTick, k.Channel(i), account.AppendStamp(nil, s)))
	path := "/apps/app-id/events"
	query := auth.NewSigner("app-key", "app-secret").SignRequest("POST", path, nil, body, time.Now())
	answer, err := http.Post(w.base+path+"?"+query, "application/json", strings.NewReader(string(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	_ = answer.Body.Close() // nothing is in it
	if answer.StatusCode != http.StatusOK {
		w.t.Fatal(answer.Status)
	}
	http.DefaultClient.CloseIdleConnections()
}

func honest(_ int, frame string) []string { return []string{frame} }

// from tampers with one subscriber's frames that hold a text, from the nth on.
func from(subscriber, nth int, text string, with func(n int, frame string) []string) pushertest.Tamper {
	seen := 0
	return func(number int, frame string) []string {
		if number != subscriber || !strings.Contains(frame, text) {
			return []string{frame}
		}
		seen++
		if seen <= nth {
			return []string{frame}
		}
		return with(seen-nth, frame)
	}
}

// What a server does wrong is found, and named.
func TestCrowdNotices(t *testing.T) {
	market := Group{Kind: Market, Channels: 1, Each: 1, Count: 3, First: 5}
	f := func(name string, tamper pushertest.Tamper, want Counts, words string) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, market, tamper)
			for range 6 {
				w.publish(Market, 0)
			}
			w.until("everything has come", func(r Report) bool { return r.Groups["group"].Delivered >= want.Delivered })
			got := w.order(Check).Groups["group"]
			want.Joined = 3
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			text := strings.Join(w.wrongs, "\n")
			if !strings.Contains(text, words) || words == "" && text != "" {
				t.Errorf("told %q, want %q", text, words)
			}
		})
	}
	f("nothing", honest, Counts{Delivered: 18}, "")
	f("loss", from(1, 2, "seq=", func(n int, frame string) []string {
		if n == 1 {
			return nil
		}
		return []string{frame}
	}), Counts{Delivered: 17, Lost: 1}, "1 messages of market-00000 are missing before 3, the last of them 2")
	f("loss at the end", from(1, 4, "seq=", func(int, string) []string { return nil }),
		Counts{Delivered: 16, Lost: 2}, "2 messages of market-00000 never came, the last of them 5")
	f("repetition", from(0, 5, "seq=", func(_ int, frame string) []string { return []string{frame, frame} }),
		Counts{Delivered: 19, Twice: 1}, "message 5 of market-00000 came twice")
	held := ""
	f("disorder", from(2, 3, "seq=", func(n int, frame string) []string {
		if n == 1 {
			held = frame
			return nil
		}
		if n == 2 {
			return []string{frame, held}
		}
		return []string{frame}
	}), Counts{Delivered: 18, Lost: 1, Disorder: 1}, "message 3 of market-00000 came after a later one")
	f("another's message", from(2, 5, "seq=", func(_ int, frame string) []string {
		return []string{strings.Replace(frame, "seq=0000000", "seq=0000001", 1), frame}
	}), Counts{Delivered: 18, Stray: 1}, "a message of market-00001 came on market-00000")
	f("another's channel", from(2, 5, "seq=", func(_ int, frame string) []string {
		return []string{strings.Replace(frame, "market-00000", "market-00001", 1), frame}
	}), Counts{Delivered: 18, Stray: 1}, `tick came on "market-00001", which is not subscribed to`)
}

func TestSilentGroup(t *testing.T) {
	w := newWorld(t, Group{Kind: Market, Channels: 1, Each: 1, Count: 1, Silent: true}, honest)
	w.publish(Market, 0)
	w.until("it is noticed", func(r Report) bool { return r.Groups["group"].Stray == 1 })
	if c := w.order(Check).Groups["group"]; c.Lost != 0 {
		t.Errorf("%+v: nothing is owed to it", c)
	}
}

func TestLossyGroup(t *testing.T) {
	w := newWorld(t, Group{Kind: Camera, Channels: 1, Each: 1, Count: 1}, from(0, 1, "seq=", func(n int, frame string) []string {
		if n <= 2 {
			return nil
		}
		return []string{frame}
	}))
	for range 5 {
		w.publish(Camera, 0)
	}
	w.until("three have come", func(r Report) bool { return r.Groups["group"].Delivered == 3 })
	if c := w.order(Check).Groups["group"]; c.Dropped != 2 || c.Wrongs() != 0 {
		t.Errorf("%+v, want 2 dropped and nothing wrong", c)
	}
}

// Rooms: whispers are heard, and all see the same people.
func TestRoom(t *testing.T) {
	w := newWorld(t, Group{Kind: Room, Channels: 1, Each: 1, Count: 3, First: 7, Whisper: 20 * time.Millisecond}, honest)
	w.until("they whisper", func(r Report) bool { return r.Groups["group"].Whispers > 30 })
	w.order(Settle)
	r := w.order(Check)
	want := map[string][]Roster{"presence-room-00000": {{[]string{"user-000007", "user-000008", "user-000009"}, 7, 3}}}
	if diff := cmp.Diff(want, r.Rosters); diff != "" {
		t.Errorf("rosters (-want +got):\n%s", diff)
	}
	if c := r.Groups["group"]; c.Wrongs() != 0 {
		t.Errorf("%+v, want nothing wrong", c)
	}
	if r := w.order(Leave); r.Standing != 0 || r.Groups["group"].Ended != 0 {
		t.Errorf("%+v: they left by themselves", r)
	}
}

func TestRoomNotices(t *testing.T) {
	f := func(name string, tamper pushertest.Tamper, is func(Counts) bool) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Group{Kind: Room, Channels: 1, Each: 1, Count: 3, Whisper: 20 * time.Millisecond}, tamper)
			w.until("it is noticed", func(r Report) bool { return is(r.Groups["group"]) })
		})
	}
	f("a lost whisper", from(1, 10, EventSaid, func(n int, frame string) []string {
		if n == 1 {
			return nil
		}
		return []string{frame}
	}), func(c Counts) bool { return c.Lost == 1 })
	f("a member twice", func(_ int, frame string) []string { // who comes first is told of the others
		if strings.Contains(frame, "member_added") {
			return []string{frame, frame}
		}
		return []string{frame}
	}, func(c Counts) bool { return c.Presence > 0 })
}

// Members that come and go are back in the end, and get nothing that is not
// theirs meanwhile.
func TestRestless(t *testing.T) {
	w := newWorld(t, Group{Kind: Market, Channels: 4, Each: 2, Count: 4, Stay: 50 * time.Millisecond}, honest)
	left := func(r Report) bool { return r.Groups["group"].Left >= 6 }
	for done := false; !done; {
		for k := range 4 {
			w.publish(Market, k)
		}
		select {
		case r := <-w.reports:
			done = left(r)
		default:
		}
	}
	w.order(Settle)
	for k := range 4 {
		w.publish(Market, k)
	}
	c := w.order(Check).Groups["group"]
	if c.Wrongs() != 0 || c.Delivered == 0 || c.Ended != 0 {
		t.Errorf("%+v, want nothing wrong", c)
	}
}

// Nobody is there any more: attempts are told by how they end, and go on.
func TestEndings(t *testing.T) {
	server := pushertest.Start(t)
	addr := server.Target().Addr.String()
	w := &world{t: t, reports: make(chan Report, 100)}
	orders := w.start()
	defer orders.Close()
	g := Group{Name: "group", URL: "ws://" + addr + "/app/nobody", AppID: "app-id", Secret: "app-secret", Kind: Market, Channels: 1, Each: 1, Count: 2, First: 40}
	if err := w.orders.Encode(Brief{Groups: []Group{g}, PerSecond: 1000, Every: 20 * time.Millisecond, Activity: patience}); err != nil {
		t.Fatal(err)
	}
	r := w.until("attempts are told", func(r Report) bool { return r.Endings != nil })
	e := r.Endings[0]
	if e.Stood || e.Group != "group" || e.Count < 2 || e.Member != 40 && e.Member != 41 || !strings.Contains(e.Text, "404") || e.First > e.Last {
		t.Errorf("told %+v, want two or more attempts that were answered with 404", e)
	}
}

// A server that says nothing more, not even that it has gone, is left.
func TestSilentServer(t *testing.T) {
	server := pushertest.Start(t)
	proxy, err := fault.Listen("127.0.0.1:0", fault.To(server.Target().Addr.String()), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	w := &world{t: t, reports: make(chan Report, 100)}
	orders := w.start()
	defer orders.Close()
	g := Group{Name: "group", URL: "ws://" + proxy.Addr().String() + "/app/app-key", AppID: "app-id", Secret: "app-secret", Kind: Market, Channels: 1, Each: 1, Count: 2}
	const activity, pong = 60 * time.Millisecond, 500 * time.Millisecond
	if err := w.orders.Encode(Brief{Groups: []Group{g}, PerSecond: 1000, Every: 20 * time.Millisecond, Activity: activity, Pong: pong}); err != nil {
		t.Fatal(err)
	}
	w.until("all stand", func(r Report) bool { return r.Standing == 2 })
	// They ping, and are answered.
	for pings := 0; pings < 6; pings = server.Count().Pings {
		if r := <-w.reports; r.Groups["group"].Ended != 0 {
			t.Fatalf("%+v: they were answered", r)
		}
	}
	proxy.Stall(1)
	ended := 0
	w.until("they give up", func(r Report) bool {
		for _, e := range r.Endings {
			if e.Stood && strings.Contains(e.Text, "nobody has answered a ping") {
				ended += e.Count
			}
		}
		return ended >= 2
	})
	w.until("they are back", func(r Report) bool { return r.Standing == 2 })
}

func TestJoins(t *testing.T) {
	f := func(g Group, i int, want ...int) {
		t.Helper()
		if got := g.Joins(i); !slices.Equal(got, want) {
			t.Errorf("member %d of %+v joins %v, want %v", i, g, got, want)
		}
	}
	f(Group{Kind: Market, Channels: 40, Each: 3}, 0, 0, 13, 26)
	f(Group{Kind: Market, Channels: 40, Each: 3, First: 30}, 15, 5, 18, 31)
	f(Group{Kind: Notify, First: 30, Each: 1}, 2, 32)
	f(Group{Kind: Room, Channels: 3, Each: 1}, 5, 2)
}

func TestSources(t *testing.T) {
	f := func(source int, want string) {
		t.Helper()
		if got := NameOf(source); got != want {
			t.Errorf("source %d is %q, want %q", source, got, want)
		}
	}
	f(Market.Source(3), "market-00003")
	f(Notify.Source(12345), "private-notify-12345")
	f(Room.Source(0), "presence-room-00000")
	f(Camera.Source(1), "camera-00001")
	f(Bulk.Source(99), "bulk-00099")
	f(Quotes.Source(1), "quotes")
	f(whispers+42, "the whispers of member 42")
	if Quotes.Source(1) != Quotes.Source(2) || Camera.Source(1) == Camera.Source(2) {
		t.Error("quotes are numbered together, and nothing else is")
	}
}

func TestHistogram(t *testing.T) {
	var a, b, got Histogram
	a.Record(time.Millisecond)
	a.Record(time.Second)
	a.Merge(b)
	b.Merge(a)
	text, err := json.Marshal(map[string]Histogram{"h": b})
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]Histogram
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	got = back["h"]
	near := func(d, want time.Duration) bool { return d > want*99/100 && d < want*101/100 }
	if got.Count() != 2 || !near(got.At(50), time.Millisecond) || !near(got.At(100), time.Second) {
		t.Errorf("%d latencies, half within %v, all within %v", got.Count(), got.At(50), got.At(100))
	}
	if text, err := json.Marshal(Histogram{}); err != nil || string(text) != "null" {
		t.Errorf("an empty one is %s, %v", text, err)
	}
	if empty := (Histogram{}); empty.Count() != 0 || empty.At(99) != 0 {
		t.Error("an empty one has latencies")
	}
}
