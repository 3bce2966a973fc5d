package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/websocket"
)

// lives are the same connections on two loops: of one, all are handed over at random.
type lives struct {
	cfg    engine.Config
	stays  *enginetest.Loop
	moves  *enginetest.Loop
	twins  []twin
	rules  []*engine.Rule
	number int
}

// twin is one connection in both lives.
type twin struct {
	stays, moves *enginetest.Peer
	unsaid       []byte                          // what the client is about to say
	seal         func(text []byte) []byte        // by TLS; nil: in the clear
	open         func(t failer, b []byte) string // what records say
}

func newLives(t failer, cfg engine.Config, peers int) *lives {
	cfg.SetDefaults()
	ls := &lives{
		cfg: cfg, stays: enginetest.New(cfg, courteous{}), moves: enginetest.New(cfg, courteous{}),
		rules: []*engine.Rule{
			engine.Protocol,
			engine.Event,
			{Name: "few", Frames: 9},
			{Policy: engine.DropOldest, Frames: 5, Age: 9 * time.Second},
			{Policy: engine.Conflate},
			{Policy: engine.Conflate, Name: "bounded", Frames: 4, Bytes: 300},
		},
	}
	for i := range peers {
		ls.twins = append(ls.twins, ls.dial(t, i))
	}
	return ls
}

// dial opens one connection of four kinds: by TLS 1.2 or 1.3, and with a PROXY
// header to come.
func (ls *lives) dial(t failer, kind int) twin {
	switch kind % 4 {
	case 0:
		return twin{stays: ls.stays.Dial(), moves: ls.moves.Dial(), unsaid: []byte(proxyTLS)}
	case 3:
		return twin{stays: ls.stays.Dial(), moves: ls.moves.Dial(), unsaid: []byte(proxyLine)}
	}
	suite := bothVersions["1."+fmt.Sprint(kind%4+1)]
	server, client := sealedTwins(suite)
	sealer := restored(t, client)
	return twin{
		stays: dialSealed(t, ls.stays, server), moves: dialSealed(t, ls.moves, server),
		seal: func(b []byte) []byte { return sealer.Seal(nil, b) },
		open: func(t failer, b []byte) string { text, _ := unsealed(t, client, b); return text },
	}
}

// phrases are what clients say, in any order.
var phrases = []string{
	"GET /who HTTP/1.1\r\nHost: x\r\n\r\n",
	"HEAD /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
	"POST /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x\r\nall\r\n0\r\na: b\r\n\r\n",
	"HEAD /d HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
	"GET /e HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
	"POST /park HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab",
	upgradeRequest, upgradeRequest, upgradeRequest,
	masked(websocket.Text, true, "one"),
	masked(websocket.Text, true, strings.Repeat("x", 200)),
	masked(websocket.Text, true, strings.Repeat("y", 70_000)),
	masked(websocket.Text, true, strings.Repeat("too much", 20_000))[:14],
	masked(websocket.Text, false, "\xe2\x82"),
	masked(websocket.Continuation, false, "\xac"),
	masked(websocket.Continuation, true, "!"),
	masked(websocket.Ping, true, "p"),
	masked(websocket.Ping, true, "p"),
	masked(websocket.Pong, true, ""),
	masked(websocket.Binary, true, "b"),
	masked(websocket.Close, true, "\x03\xe8"),
}

func (ls *lives) pick(t *rapid.T) *twin {
	return &ls.twins[rapid.IntRange(0, len(ls.twins)-1).Draw(t, "connection")]
}

// say has a client begin some phrases, or go on with what it was about to say.
func (ls *lives) say(t *rapid.T) {
	w := ls.pick(t)
	for range rapid.IntRange(0, 3).Draw(t, "phrases") {
		ls.tell(w, rapid.SampledFrom(phrases).Draw(t, "phrase"))
	}
	ls.hear(w, rapid.SampledFrom([]int{1, 2, 3, 5, 8, 20, 100, 1 << 20}).Draw(t, "bytes"))
}

// tell gives a client something to say, and hear takes so many bytes of that.
func (ls *lives) tell(w *twin, text string) {
	b := []byte(text)
	if w.seal != nil {
		b = w.seal(b)
	}
	w.unsaid = append(w.unsaid, b...)
}

func (ls *lives) hear(w *twin, n int) {
	n = min(n, len(w.unsaid))
	w.stays.Write(w.unsaid[:n])
	w.moves.Write(w.unsaid[:n])
	w.unsaid = w.unsaid[n:]
}

// publish sends frames to everybody.
func (ls *lives) publish(t *rapid.T) {
	for range rapid.IntRange(1, 12).Draw(t, "frames") {
		ls.number++
		rule := rapid.SampledFrom(ls.rules).Draw(t, "rule")
		topic := fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "topic"))
		text := fmt.Sprint(ls.number, strings.Repeat("z", rapid.SampledFrom([]int{0, 90, 66_000}).Draw(t, "size")))
		for _, moves := range []bool{false, true} {
			f := engine.NewTopic(rule, "c", topic, []byte(text))
			if len(text) > 66_000 && topic == "0" {
				half := []byte(text[:33_000])
				f = engine.NewTextOf(rule, []*engine.Shared{{Bytes: len(half)}}, half, []byte(text[33_000:]))
			}
			ls.send(f, moves)
		}
	}
	ls.stays.Settle()
	ls.moves.Settle()
}

// send sends a frame to all connections of a life.
func (ls *lives) send(f *engine.Frame, moves bool) {
	l, to := ls.stays, make([]engine.Handle, 0, len(ls.twins))
	for _, w := range ls.twins {
		p := w.stays
		if moves {
			l, p = ls.moves, w.moves
		}
		if !p.Closed() {
			to = append(to, p.Conn().Handle())
		}
	}
	deliver(l, f, to)
}

// limit has a client read so many bytes more and then no more.
func (ls *lives) limit(t *rapid.T) {
	w, n := ls.pick(t), rapid.SampledFrom([]int{0, 1, 7, 100, 3000, 70_000}).Draw(t, "room")
	w.stays.Limit(n)
	w.moves.Limit(n)
}

func (ls *lives) read(t *rapid.T) {
	w := ls.pick(t)
	w.stays.Stall(false)
	w.moves.Stall(false)
}

// close is our last word to a client.
func (ls *lives) close(t *rapid.T) {
	w := ls.pick(t)
	for _, p := range []*enginetest.Peer{w.stays, w.moves} {
		if !p.Closed() {
			p.Conn().Close(4000, "as asked")
		}
	}
	ls.stays.Settle()
	ls.moves.Settle()
}

func (ls *lives) wait(t *rapid.T) {
	d := time.Duration(rapid.IntRange(1, 12).Draw(t, "seconds")) * time.Second
	ls.stays.Advance(d)
	ls.moves.Advance(d)
}

// handOver has another loop go on with all connections of the second life.
func (ls *lives) handOver(t failer) {
	var open []*enginetest.Peer
	for _, w := range ls.twins {
		if !w.moves.Closed() {
			open = append(open, w.moves)
		}
	}
	ls.moves = heir(t, ls.cfg, open...)
	ls.moves.Settle()
}

// unclear are bytes that budgets may be wrong by here: pings, and 100 Continue, are
// frames that the two lives share as no two processes do.
const unclear = 64

// check compares how the lives stand. What a client by TLS has got can't be, as long as
// it stalls: records have other sizes.
func (ls *lives) check(t failer) {
	for i, w := range ls.twins {
		if w.stays.Closed() != w.moves.Closed() || w.stays.HalfClosed() != w.moves.HalfClosed() {
			t.Fatalf("connection %d: closed %v, want %v; half %v, want %v", i,
				w.moves.Closed(), w.stays.Closed(), w.moves.HalfClosed(), w.stays.HalfClosed())
		}
	}
	if got, want := ls.moves.QueuedBytes(), ls.stays.QueuedBytes(); got-want > unclear || want-got > unclear {
		t.Fatalf("%d bytes count as queued, want %d", got, want)
	}
}

// end lets all time-outs come, also those of slow clients, and compares what everybody has got.
func (ls *lives) end(t *rapid.T) {
	for _, w := range ls.twins {
		if rapid.Bool().Draw(t, "wakes up") {
			w.stays.Stall(false)
			w.moves.Stall(false)
		}
	}
	again := rapid.IntRange(0, 40).Draw(t, "last handover")
	for second := range 100 {
		if second == again {
			ls.handOver(t)
		}
		ls.stays.Advance(time.Second)
		ls.moves.Advance(time.Second)
		ls.check(t)
	}
	for i, w := range ls.twins {
		if got, want := w.heard(t, w.moves), w.heard(t, w.stays); got != want {
			t.Fatalf("connection %d got %d bytes, want %d: %q, want %q", i, len(got), len(want), shortened(got), shortened(want))
		}
		if !w.moves.Closed() {
			t.Fatalf("connection %d is still there after all time-outs", i)
		}
	}
	for _, l := range []*enginetest.Loop{ls.stays, ls.moves} {
		if n := l.QueuedBytes(); n > unclear || n < -unclear || l.HeldBytes() != 0 {
			t.Fatalf("%d bytes still count as queued, %d as held", l.QueuedBytes(), l.HeldBytes())
		}
		if n := l.Snapshot().Panics; n != 0 {
			t.Fatalf("%d panics", n)
		}
	}
}

func (w *twin) heard(t failer, p *enginetest.Peer) string {
	if w.open != nil {
		return w.open(t, p.Received())
	}
	return said(p)
}

// shortened leaves long runs of one byte out.
func shortened(s string) string {
	for _, c := range "xyz" {
		s = strings.ReplaceAll(s, strings.Repeat(string(c), 50), string(c))
	}
	return s
}

// lead lives at random.
func lead(t *rapid.T) {
	cfg := trusting()
	cfg.QueueFrames = rapid.SampledFrom([]int{6, 1024}).Draw(t, "queue frames")
	cfg.QueueBytes = rapid.SampledFrom([]int{2000, 1 << 20}).Draw(t, "queue bytes")
	ls := newLives(t, cfg, rapid.IntRange(1, 5).Draw(t, "connections"))
	for i := range ls.twins {
		if rapid.Bool().Draw(t, "upgraded") {
			ls.tell(&ls.twins[i], upgradeRequest)
			ls.hear(&ls.twins[i], 1<<20)
		}
	}
	t.Repeat(map[string]func(*rapid.T){
		"":          func(t *rapid.T) { ls.check(t) },
		"say":       ls.say,
		"say more":  ls.say,
		"publish":   ls.publish,
		"limit":     ls.limit,
		"read":      ls.read,
		"close":     ls.close,
		"wait":      ls.wait,
		"hand over": func(t *rapid.T) { ls.handOver(t) },
	})
	ls.end(t)
}

// Whatever happened before and happens after, no client can tell that its connection
// was handed over: it gets the same bytes, the same is dropped, and it is closed in
// the same second.
func TestNobodyNoticesAHandover(t *testing.T) { rapid.Check(t, lead) }

func FuzzHandover(f *testing.F) {
	for seed := range 8 {
		b := make([]byte, 16<<10)
		rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
		f.Add(b)
	}
	f.Fuzz(rapid.MakeFuzz(lead))
}
