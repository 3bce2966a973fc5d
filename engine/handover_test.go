package engine_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/engine"
	"fanfare/engine/enginetest"
	"fanfare/engine/http1"
	"fanfare/engine/tlsconn"
	"fanfare/engine/websocket"
)

// gobbed takes plain data to another process and back.
func gobbed[T any](t failer, v T) (next T) {
	t.Helper()
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	if err == nil {
		err = gob.NewDecoder(&b).Decode(&next)
	}
	if err != nil {
		t.Fatalf("gob: %v", err)
	}
	return next
}

// heir makes a loop that goes on with some connections of another, which must not
// run any more.
func heir(t failer, cfg engine.Config, peers ...*enginetest.Peer) *enginetest.Loop {
	t.Helper()
	var book engine.FrameWriter
	var states []engine.ConnState
	for _, p := range peers {
		s, ok := p.Conn().State(&book)
		if !ok {
			t.Fatalf("a connection can't be written down: %s", p.Conn().Doing())
		}
		states = append(states, s)
	}
	var frames engine.FrameReader
	if err := frames.Read(gobbed(t, book.Book())); err != nil {
		t.Fatalf("%v", err)
	}
	l := enginetest.New(cfg, courteous{})
	for i, s := range gobbed(t, states) {
		var owner engine.Receiver
		if s.Stage == engine.StageOpen {
			owner = courteousReceiver{}
		}
		peers[i].MoveTo(l)
		if err := peers[i].Conn().Adopt(s, owner, &frames); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return l
}

// courteous is echo with a receiver that pings before it closes, a request that is
// parked for a moment, and a client's name.
type courteous struct{ echo }

func (h courteous) Request(c *engine.Conn, r *http1.Request) {
	switch string(r.Path) {
	case "/park":
		c.Park()
		handle, body := c.Handle(), string(r.Body)
		c.Loop().Post(engine.TaskFunc(func(l *engine.Loop) {
			if c := l.Conn(handle); c != nil {
				c.Respond(&http1.Response{Status: 200, Body: []byte("later " + body)})
			}
		}))
	case "/who":
		c.Respond(&http1.Response{Status: 200, Body: fmt.Appendf(nil, "%s tls=%v surplus=%v", c.Remote(), c.OverTLS(), c.Surplus())})
	case "/echo":
		if c.Upgrade(courteousReceiver{}) == nil {
			c.SetIdle(20)
			c.SetMaxMessage(100 << 10)
		}
	default:
		h.echo.Request(c, r)
	}
}

type courteousReceiver struct{ echoReceiver }

func (courteousReceiver) Idle(c *engine.Conn) {
	if c.Pinged() {
		c.Close(4201, "no pong")
		return
	}
	c.Ping(7)
}

var dates = regexp.MustCompile(`Date: [^\r]*`)

// said is what a peer has received, but for the time of day.
func said(p *enginetest.Peer) string { return dates.ReplaceAllString(string(p.Received()), "Date:") }

func masked(op websocket.Opcode, fin bool, text string) string {
	return string(websocket.AppendMasked(nil, op, fin, []byte(text), [4]byte{1, 2, 3, 4}))
}

// What clients say, each in one connection.
var conversations = map[string]string{
	"requests": "GET /a HTTP/1.1\r\nHost: x\r\n\r\n" +
		"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world" +
		"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n00a\r\n, everyone\r\n0\r\nTrailer: x\r\n\r\n" +
		"HEAD /d HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc" +
		"POST /park HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" +
		"POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" +
		"GET /who HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nmore",
	"a bad request": "GET /f HTTP/1.0\r\nConnection: keep-alive\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
	"a bad chunk":   "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
	"messages": upgradeRequest + masked(websocket.Text, true, "one") + masked(websocket.Text, false, "ein \xe2\x82") +
		masked(websocket.Ping, true, "ping") + masked(websocket.Continuation, false, "\xac und") + masked(websocket.Continuation, true, " mehr") +
		masked(websocket.Text, true, strings.Repeat("large", 60)) + masked(websocket.Close, true, "\x03\xe8bye") + "more",
	"a violation": upgradeRequest + masked(websocket.Text, false, "a") + masked(websocket.Text, true, "b") + "more",
	"binary":      upgradeRequest + masked(websocket.Binary, true, "a") + masked(websocket.Text, true, "unheard") + masked(websocket.Close, true, "\x03\xe8"),
	"proxied":     proxyLine + "GET /who HTTP/1.1\r\nHost: x\r\n\r\n" + upgradeRequest + masked(websocket.Text, true, "one"),
	"proxied v2":  proxyTLS + "GET /who HTTP/1.1\r\nHost: x\r\n\r\nGET /who HTTP/1.1\r\nHost: x\r\n\r\n",
}

// worldOf gives what a conversation needs.
func worldOf(name string) (cfg engine.Config) {
	if strings.HasPrefix(name, "proxied") {
		cfg = trusting()
	}
	cfg.SetDefaults() // once, for it asks the system
	return cfg
}

// cutInput has a client say something in two pieces, with a handover between them
// or not.
func cutInput(t failer, cfg engine.Config, p *enginetest.Peer, text []byte, cut int, moves bool) {
	t.Helper()
	p.Write(text[:cut])
	if moves && !p.Closed() {
		heir(t, cfg, p).Settle()
	}
	p.Write(text[cut:])
}

// cutOutput has a client say something, read so many bytes of the answer and the rest
// after some handovers, or none.
func cutOutput(t failer, cfg engine.Config, p *enginetest.Peer, text []byte, cut, moves int) {
	t.Helper()
	p.Limit(cut)
	p.Write(text)
	for range moves {
		if !p.Closed() {
			heir(t, cfg, p).Settle()
		}
	}
	p.Stall(false)
}

// same compares what two clients got.
func same(t failer, twin, p *enginetest.Peer, want, got, what string, cut int) {
	t.Helper()
	if got != want || p.Closed() != twin.Closed() || p.HalfClosed() != twin.HalfClosed() {
		t.Fatalf("%s cut at %d: closed %v, want %v; half %v, want %v (-want +got):\n%s", what, cut,
			p.Closed(), twin.Closed(), p.HalfClosed(), twin.HalfClosed(), cmp.Diff(want, got))
	}
}

// Wherever what a client says, or is told, is cut by a handover, the rest follows.
func TestHandOverAtEveryByte(t *testing.T) {
	for name, text := range conversations {
		t.Run(name, func(t *testing.T) {
			cfg, text := worldOf(name), []byte(text)
			dial := func() *enginetest.Peer { return enginetest.New(cfg, courteous{}).Dial() }
			stays := enginetest.New(cfg, courteous{})
			for cut := range len(text) + 1 {
				p, twin := dial(), stays.Dial()
				cutInput(t, cfg, p, text, cut, true)
				cutInput(t, cfg, twin, text, cut, false)
				same(t, twin, p, said(twin), said(p), "input", cut)
			}
			all := dial()
			all.Write(text)
			for cut := range len(all.Received()) + 1 {
				p, twin := dial(), stays.Dial()
				cutOutput(t, cfg, p, text, cut, 2)
				cutOutput(t, cfg, twin, text, cut, 0)
				same(t, twin, p, said(twin), said(p), "output", cut)
			}
		})
	}
}

// sealedTwins are both ends of a connection by TLS, of which the keys might be any.
func sealedTwins(suite uint16) (server, client tlsconn.State) {
	size := 32 // a secret of TLS 1.3
	if suite == tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 {
		size = 20 // a key and four bytes of its nonces
	}
	in := tlsconn.Half{Secret: bytes.Repeat([]byte("i"), size), Seq: 7}
	out := tlsconn.Half{Secret: bytes.Repeat([]byte("o"), size), Seq: 9}
	return tlsconn.State{Suite: suite, In: in, Out: out}, tlsconn.State{Suite: suite, In: out, Out: in}
}

// bothVersions has a suite of each version of TLS.
var bothVersions = map[string]uint16{"1.2": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "1.3": tls.TLS_AES_128_GCM_SHA256}

// dialSealed opens a connection whose handshake is over.
func dialSealed(t failer, l *enginetest.Loop, server tlsconn.State) *enginetest.Peer {
	t.Helper()
	p := l.Dial()
	s := engine.ConnState{Stage: engine.StageHTTP, Due: 10, TLS: true, Secure: &engine.SecureState{State: server}}
	if err := p.Conn().Adopt(s, nil, nil); err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

func restored(t failer, s tlsconn.State) *tlsconn.Conn {
	t.Helper()
	c, err := tlsconn.Restore(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

// unsealed is what is in the records that a client got, as far as they are whole, and
// whether the last of them says that nothing follows.
func unsealed(t failer, client tlsconn.State, records []byte) (all string, ended bool) {
	t.Helper()
	c := restored(t, client)
	for len(records) > 0 {
		plain, n, err := c.Open(records)
		if errors.Is(err, io.EOF) {
			ended = true
		} else if err != nil {
			t.Fatalf("after %q: %v", all, err)
		}
		if n == 0 {
			break
		}
		all, records = all+string(plain), records[n:]
	}
	return dates.ReplaceAllString(all, "Date:"), ended
}

// sealedText is what a client says as records of many sizes.
func sealedText(t testing.TB, client tlsconn.State, text string) (sealed []byte) {
	t.Helper()
	c := restored(t, client)
	for n := 1; len(text) > 0; n = n*2%97 + 1 {
		n = min(n, len(text))
		sealed, text = c.Seal(sealed, []byte(text[:n])), text[n:]
	}
	return sealed
}

// sealedStep is how many bytes lie between two cuts of what is sealed. In the clear every byte is cut; here a cut takes ten
// milliseconds under the race detector.
const sealedStep = 3

// The same by TLS, cut in the middle of records.
func TestHandOverByTLS(t *testing.T) {
	for name, suite := range bothVersions {
		server, client := sealedTwins(suite)
		for _, what := range []string{"requests", "messages"} {
			t.Run(name+" "+what, func(t *testing.T) {
				sealed, cfg := sealedText(t, client, conversations[what]), worldOf(what)
				dial := func() *enginetest.Peer { return dialSealed(t, enginetest.New(cfg, courteous{}), server) }
				check := func(p, twin *enginetest.Peer, where string, cut int) {
					t.Helper()
					want, ended := unsealed(t, client, twin.Received())
					got, endedToo := unsealed(t, client, p.Received())
					if len(want) < 300 || ended != endedToo {
						t.Fatalf("%s cut at %d: ended %v, want %v, with %q", where, cut, endedToo, ended, want)
					}
					same(t, twin, p, want, got, where, cut)
				}
				for cut := 0; cut <= len(sealed); cut += sealedStep {
					p, twin := dial(), dial()
					cutInput(t, cfg, p, sealed, cut, true)
					cutInput(t, cfg, twin, sealed, cut, false)
					check(p, twin, "input", cut)
				}
				all := dial()
				all.Write(sealed)
				for cut := 0; cut <= len(all.Received()); cut += sealedStep {
					p, twin := dial(), dial()
					cutOutput(t, cfg, p, sealed, cut, 2)
					cutOutput(t, cfg, twin, sealed, cut, 0)
					check(p, twin, "output", cut)
				}
			})
		}
	}
}

// fill sets everything that v holds to something that is not zero.
func fill(t testing.TB, v reflect.Value, n *uint64) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				t.Errorf("%v.%s does not travel", v.Type(), v.Type().Field(i).Name)
				continue
			}
			fill(t, v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.String:
		v.SetString(fmt.Sprint(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(*n % 251)
	default:
		t.Fatalf("a %v travels badly", v.Type())
	}
}

// Whatever is in a state arrives.
func TestStatesArePlainData(t *testing.T) {
	f := func(v any) {
		t.Helper()
		n := uint64(0)
		from, to := reflect.ValueOf(v).Elem(), reflect.New(reflect.TypeOf(v).Elem())
		fill(t, from, &n)
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(v); err != nil {
			t.Fatal(err)
		}
		if err := gob.NewDecoder(&b).DecodeValue(to); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v, to.Interface()); diff != "" {
			t.Errorf("%T (-sent +arrived):\n%s", v, diff)
		}
	}
	f(&engine.ConnState{})
	f(&engine.FrameBook{})
}

// What is in the middle of something that only this process has is not written down,
// and soon is.
func TestStateOfWhatIsNotStill(t *testing.T) {
	l := enginetest.New(engine.Config{}, courteous{})
	f := func(what string, begin func(p *enginetest.Peer), after bool) {
		t.Helper()
		p := l.Dial()
		begin(p)
		if _, ok := p.Conn().State(nil); ok {
			t.Errorf("%s: it was written down", what)
		}
		if l.Settle(); p.Closed() {
			return
		}
		if _, ok := p.Conn().State(nil); ok != after {
			t.Errorf("%s: written down later: %v, want %v", what, ok, after)
		}
	}
	f("a parked request", func(p *enginetest.Peer) { p.Deliver([]byte("GET /park HTTP/1.1\r\nHost: x\r\n\r\n")) }, true)
	f("a receiver that is to hear", func(p *enginetest.Peer) {
		p.Write([]byte(upgradeRequest))
		p.Conn().Close(4000, "")
	}, true)
	f("one about to be gone", func(p *enginetest.Peer) { p.Conn().Abort(engine.CauseLocal) }, false)
	f("one without a state", func(p *enginetest.Peer) { p.MoveTo(l) }, false)
}

// A socket that was taken over waits for its state, whatever happens.
func TestTakenOverWaitsForItsState(t *testing.T) {
	l := enginetest.New(trusting(), courteous{})
	p := l.Dial()
	p.Write([]byte(proxyLine + upgradeRequest))
	s := stateOf(t, p)
	next := enginetest.New(trusting(), courteous{})
	p.Received()
	p.MoveTo(next)
	next.Each(func(*engine.Conn) { t.Error("it was visited") })
	next.Advance(2 * time.Minute)
	if got := p.Received(); len(got) != 0 || p.Closed() || p.Conn().Open() {
		t.Fatalf("it got %q, closed %v", got, p.Closed())
	}
	if err := p.Conn().Adopt(s, courteousReceiver{}, nil); err != nil {
		t.Fatal(err)
	}
	p.Write([]byte(masked(websocket.Text, true, "x")))
	if got := messages(t, p.Received()); len(got) != 1 || got[0] != "x" {
		t.Errorf("it got %q", got)
	}
	visited := 0
	next.Each(func(*engine.Conn) { visited++ })
	if st := next.Snapshot(); visited != 1 || st.Opened != 1 || st.Open != 1 {
		t.Errorf("visited %d, opened %d, open %d; want 1", visited, st.Opened, st.Open)
	}
}

// Whoever takes a state up holds all that is in it.
func TestAdoptedStateIsTheSame(t *testing.T) {
	server, _ := sealedTwins(tls.TLS_AES_128_GCM_SHA256)
	server.Message, server.Left, server.UpdateDue = []byte{4, 0, 1}, 77, true
	book := &engine.FrameBook{
		Rules:  []engine.Rule{{Name: "n", Policy: engine.Conflate, Frames: 3, Bytes: 99, Age: time.Minute}},
		Frames: []engine.FrameRecord{{Bytes: []byte("abc")}, {Bytes: []byte("def"), Rule: 1, Topic: true, Scope: "s", Name: "n", Waited: 9}, {Parts: []uint32{0}, Shared: []uint32{0}}},
		Parts:  [][]byte{[]byte("ghi")}, Shared: []int{2},
	}
	waiting := engine.ConnState{Waiting: []uint32{0, 1, 2}, Sent: 2, Stalled: time.Hour, Frames: book}
	f := func(s engine.ConnState) {
		t.Helper()
		l := enginetest.New(engine.Config{}, courteous{})
		p := l.Dial()
		p.Stall(true)
		p.MoveTo(l)
		var rcv engine.Receiver
		if s.Stage == engine.StageOpen {
			rcv = courteousReceiver{}
		}
		if err := p.Conn().Adopt(gobbed(t, s), rcv, nil); err != nil {
			t.Fatal(err)
		}
		got := stateOf(t, p)
		if got.Stalled < s.Stalled || got.Stalled > s.Stalled+time.Minute {
			t.Errorf("stalled for %v, want %v", got.Stalled, s.Stalled)
		}
		got.Stalled = s.Stalled
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("(-adopted +then):\n%s", diff)
		}
	}
	s := waiting
	s.Input, s.InputAge, s.Reader, s.Most = []byte("half"), 7, []byte("\x01text"), 999
	s.Idle, s.Due, s.Pinged, s.Client, s.TLS = 30, 17, true, "192.0.2.7:99", true
	s.Secure = &engine.SecureState{State: server, Input: []byte("record"), Output: []byte("sealed")}
	f(s)
	s = waiting
	s.Stage, s.Most, s.Due, s.Surplus, s.InputAge = engine.StageHTTP, 1<<20, 3, true, 2
	s.Request = &engine.RequestState{
		Head: []byte("GET"), Body: []byte("body"), Limit: 70, Chunked: true, Chunks: http1.ChunksState{Step: 3, Digits: 1, Extra: 2, Left: 3, Total: 4},
		Answered: true, KeepAlive: true, HeadOnly: true, HTTP10: true, Continued: true,
	}
	f(s)
	f(engine.ConnState{Stage: engine.StageHTTP, Most: 1 << 20, Due: 1, AwaitsProxy: true, Input: []byte("PROXY"), Request: &engine.RequestState{}})
	s = waiting
	s.Stage, s.Most, s.Due, s.Cause = engine.StageClosing, 5, 1, engine.CauseSlow
	f(s)
	f(engine.ConnState{Stage: engine.StageLingering, Most: 5, Due: 9, Cause: engine.CauseProtocol, PeerClosed: true, HalfShutDown: true})
}

// A state that can't be right changes nothing.
func TestAdoptRefuses(t *testing.T) {
	rule, secure := &engine.FrameBook{Frames: []engine.FrameRecord{{Bytes: []byte("abc"), Rule: 1}}}, &engine.SecureState{}
	f := func(want string, s engine.ConnState, rcv engine.Receiver) {
		t.Helper()
		l := enginetest.New(engine.Config{}, courteous{})
		p := l.Dial()
		if err := p.Conn().Adopt(s, rcv, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if p.Write([]byte(getA)); !strings.HasPrefix(said(p), "HTTP/1.1 200 OK") {
			t.Errorf("%q: the connection serves no requests any more", want)
		}
	}
	rcv := courteousReceiver{}
	f("stage 99", engine.ConnState{Stage: 99}, nil)
	f("cause 99", engine.ConnState{Stage: engine.StageLingering, Cause: 99}, nil)
	f("receiver", engine.ConnState{}, nil)
	f("receiver", engine.ConnState{Stage: engine.StageClosing}, rcv)
	f("TLS", engine.ConnState{Stage: engine.StageHello}, nil)
	f("client", engine.ConnState{Client: "nonsense"}, rcv)
	f("reader", engine.ConnState{Reader: []byte("nonsense")}, rcv)
	f("suite", engine.ConnState{Secure: secure}, rcv)
	f("step", engine.ConnState{Stage: engine.StageHTTP, Request: &engine.RequestState{Chunks: http1.ChunksState{Step: 99}}}, nil)
	f("book", engine.ConnState{Waiting: []uint32{0}}, rcv)
	f("book", engine.ConnState{Waiting: []uint32{0}, Frames: rule}, rcv)
	f("3", engine.ConnState{Waiting: []uint32{0}, Sent: 3, Frames: &engine.FrameBook{Frames: []engine.FrameRecord{{Bytes: []byte("abc")}}}}, rcv)

	p := enginetest.New(engine.Config{}, courteous{}).Dial()
	p.Write([]byte("GET"))
	if err := p.Conn().Adopt(engine.ConnState{}, rcv, nil); err == nil {
		t.Error("a connection that has said something adopted a state")
	}
}

// Frames that many wait for are written once, and shared again; so is what frames have
// in common. The budget counts the same.
func TestFramesStayShared(t *testing.T) {
	const peers = 50
	l := enginetest.New(engine.Config{QueueBytes: 1 << 30}, courteous{})
	all, handles := open(t, l, peers)
	for _, p := range all {
		p.Stall(true)
	}
	shared := &engine.Shared{Bytes: 90_000}
	common := bytes.Repeat([]byte("x"), shared.Bytes)
	for i := range 20 {
		deliver(l, engine.NewText(engine.Event, fmt.Append(nil, i)), handles)
		deliver(l, engine.NewTextOf(engine.Protocol, []*engine.Shared{shared}, fmt.Append(nil, i), common), handles)
	}
	l.Settle()
	before := l.QueuedBytes()
	var book engine.FrameWriter
	for _, p := range all {
		if _, ok := p.Conn().State(&book); !ok {
			t.Fatal("a connection can't be written down")
		}
	}
	b := book.Book()
	if len(b.Frames) != 40 || len(b.Parts) != 41 || len(b.Shared) != 1 || len(b.Rules) != 1 {
		t.Errorf("%v, %d shared; want 40 frames, 41 parts, 1 rule, 1 shared", b, len(b.Shared))
	}
	next := heir(t, engine.Config{QueueBytes: 1 << 30}, all...)
	if got := next.QueuedBytes(); got != before {
		t.Errorf("%d bytes count as queued, want %d", got, before)
	}
	next.Settle()
	for _, p := range all {
		p.Stall(false)
	}
	if got := next.QueuedBytes(); got != 0 {
		t.Errorf("%d bytes still count as queued", got)
	}
	first := all[0].Received()
	for i, p := range all[1:] {
		if !bytes.Equal(p.Received(), first) {
			t.Fatalf("connection %d got something else than the first", i+1)
		}
	}
	if got := messages(t, first); len(got) != 40 || got[38] != "19" || got[39] != "19"+string(common) {
		t.Errorf("%d messages came", len(got))
	}
}

// Backlogs go on as they were, under every rule and limit, wherever they are handed
// over: also where the first frame is sent in part.
func TestBacklogsGoOnAsTheyWere(t *testing.T) {
	rules := []*engine.Rule{
		engine.Protocol, engine.Event,
		{Frames: 9},
		{Bytes: 700},
		{Policy: engine.DropOldest, Frames: 5},
		{Policy: engine.DropOldest, Bytes: 500},
		{Policy: engine.DropOldest},
		{Policy: engine.Conflate},
		{Policy: engine.Conflate, Frames: 2},
	}
	var cfg engine.Config
	cfg.SetDefaults()
	cfg.QueueBytes, cfg.QueueFrames = 1500, 22
	for _, rule := range rules {
		for cut := range 30 {
			backlogGoesOn(t, cfg, rule, cut)
		}
	}
}

func backlogGoesOn(t *testing.T, cfg engine.Config, rule *engine.Rule, cut int) {
	t.Helper()
	stays, moves := newSlowWorld(t, cfg), newSlowWorld(t, cfg)
	stays.slow.Limit(77)
	moves.slow.Limit(77)
	for i := range 30 {
		for _, w := range []*slowWorld{stays, moves} {
			w.publish(engine.NewTopic(rule, "c", fmt.Sprint(i%3), fmt.Append(nil, i, strings.Repeat("x", 50+i))))
		}
		if i == cut {
			moves.loop = heir(t, cfg, moves.slow, moves.good)
			moves.to = []engine.Handle{moves.slow.Conn().Handle(), moves.good.Conn().Handle()}
		}
		if got, want := moves.loop.QueuedBytes(), stays.loop.QueuedBytes(); got != want {
			t.Fatalf("%+v, cut at %d: %d bytes wait after %d, want %d", rule, cut, got, i, want)
		}
	}
	stays.slow.Stall(false)
	moves.slow.Stall(false)
	if diff := cmp.Diff(messages(t, stays.slow.Received()), messages(t, moves.slow.Received())); diff != "" {
		t.Errorf("%+v, cut at %d (-want +got):\n%s", rule, cut, diff)
	}
}

// What had waited before a handover is spared the time for which the loop then stands
// still, as all that waits is.
func TestStallAfterAHandover(t *testing.T) {
	w := newSlowWorld(t, engine.Config{})
	w.slow.Stall(true)
	w.publish(engine.NewText(&engine.Rule{Policy: engine.DropOldest, Age: 20 * time.Second}, []byte("quote")))
	w.loop.Advance(15 * time.Second)
	next := heir(t, engine.Config{}, w.slow)
	next.Leap(30 * time.Second)
	next.Advance(3 * time.Second)
	if n := next.Snapshot().Dropped[engine.DropExpired]; n != 0 {
		t.Fatal("the quote was dropped for the loop's standing still")
	}
	next.Advance(5 * time.Second)
	if n := next.Snapshot().Dropped[engine.DropExpired]; n != 1 {
		t.Errorf("%d quotes were dropped after 20 seconds and more, want 1", n)
	}
}

// A book is handed on in parts: what several loops wait for is in the first.
func TestABookInParts(t *testing.T) {
	var w engine.FrameWriter
	var r engine.FrameReader
	f := event("common")
	rule := &engine.Rule{Name: "own", Policy: engine.DropOldest}
	for i := range 3 {
		l := enginetest.New(engine.Config{}, courteous{})
		peers, handles := open(t, l, 1)
		peers[0].Stall(true)
		deliver(l, f, handles)
		deliver(l, engine.NewText(rule, fmt.Append(nil, i)), handles)
		l.Settle()
		s, ok := peers[0].Conn().State(&w)
		b := w.Book()
		if want := 1 + max(0, 1-i); !ok || len(b.Frames) != want {
			t.Fatalf("part %d: %v, want %d frames", i, b, want)
		}
		if err := r.Read(gobbed(t, b)); err != nil {
			t.Fatal(err)
		}
		next := enginetest.New(engine.Config{}, courteous{})
		peers[0].MoveTo(next)
		if err := peers[0].Conn().Adopt(s, courteousReceiver{}, &r); err != nil {
			t.Fatal(err)
		}
		peers[0].Stall(false)
		if got := messages(t, peers[0].Received()); fmt.Sprint(got) != fmt.Sprintf("[common %d]", i) {
			t.Errorf("connection %d got %q", i, got)
		}
	}
}

// Who has been slow for longest goes first when the node's budget is used up, whatever
// order the connections are taken up in.
func TestOldestBacklogStaysOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := engine.Config{QueueBudget: 1200}
		l := enginetest.New(cfg, courteous{})
		peers, handles := open(t, l, 3)
		for _, i := range []int{1, 2, 0} {
			peers[i].Stall(true)
			deliver(l, event(strings.Repeat(fmt.Sprint(i), 300)), handles[i:i+1])
			l.Settle()
			<-time.After(time.Second)
		}
		next := heir(t, cfg, peers...)
		next.Settle()
		next.Advance(time.Second)
		if n := next.Snapshot().Slow; n != 3 {
			t.Errorf("%d are slow, want 3", n)
		}
		for _, want := range []string{"[false true false]", "[false true true]", "[true true true]"} {
			deliver(next, event(strings.Repeat("x", 300)), []engine.Handle{peers[0].Conn().Handle()})
			next.Settle()
			var closing []bool
			for _, p := range peers {
				closing = append(closing, !p.Conn().Open())
			}
			if fmt.Sprint(closing) != want {
				t.Errorf("closing: %v, want %v", closing, want)
			}
		}
	})
}

// Who keeps a message unfinished for too long is refused at the same time as before.
func TestHoardsAreHandedOver(t *testing.T) {
	cfg := engine.Config{InputBudget: 45_000}
	l := enginetest.New(cfg, courteous{})
	peers, _ := open(t, l, 1)
	half := []byte(masked(websocket.Text, true, strings.Repeat("x", 39_000)))
	peers[0].Write(half[:35_000])
	for range 2 {
		l.Advance(2 * time.Second)
		if !peers[0].Conn().Open() {
			t.Fatal("closed too early")
		}
		l = heir(t, cfg, peers...)
		if n := l.HeldBytes(); n < 35_000 || n > 45_000 {
			t.Fatalf("%d bytes count as held", n)
		}
		l.Settle()
	}
	l.Advance(time.Second)
	if !peers[0].Conn().Open() {
		t.Error("closed after 5 s")
	}
	l.Advance(time.Second)
	if got := messages(t, peers[0].Received()); len(got) != 1 || !strings.HasPrefix(got[0], "close 1013") {
		t.Errorf("after 6 s it got %q", got)
	}
}

// splice is a connection whose client does not see that there are two.
type splice struct {
	net.Conn
	second net.Conn
}

func (s *splice) next() { s.Conn = s.second }

// A TLS handshake that has not begun begins elsewhere.
func TestHelloIsHandedOver(t *testing.T) {
	old, heir := startTLS(t, engine.Config{Loops: 1}), startTLS(t, engine.Config{Loops: 1})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, cut := range []int{0, 1, 4, 5, 6, 50, 120} {
			helloIsHandedOver(t, old, heir, version, cut)
		}
	}
}

func helloIsHandedOver(t *testing.T, old, heir *engine.Server, version uint16, cut int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, first := dialTLS(t, old, nil)
	conn := &splice{first, dial(t, heir)}
	config := clientTLS()
	config.MaxVersion = version
	client := tls.Client(cutAt{conn, cut, func() {
		var s engine.ConnState
		eachUntil(ctx, t, old, func(c *engine.Conn) (done bool) {
			var ok bool
			s, ok = c.State(nil)
			return ok && len(s.Input) == cut
		})
		if s.Stage != engine.StageHello || s.Due == 0 {
			t.Fatalf("cut at %d: %v, due in %d s", cut, s, s.Due)
		}
		eachUntil(ctx, t, heir, func(c *engine.Conn) bool {
			if err := c.Adopt(gobbed(t, s), nil, nil); err != nil {
				t.Error(err)
			}
			return true
		})
		conn.next()
	}}, config)
	if _, err := io.WriteString(client, upgradeRequest); err != nil {
		t.Fatalf("cut at %d: %v", cut, err)
	}
	if err := readUpgrade(client); err != nil || client.ConnectionState().Version != version {
		t.Fatalf("cut at %d: version %#x, %v", cut, client.ConnectionState().Version, err)
	}
	first.Close()
	conn.Close()
	for _, s := range []*engine.Server{old, heir} {
		for left := 1; left > 0; {
			left = 0
			if err := s.EachConn(ctx, func(*engine.Conn) { left++ }); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// cutAt calls a function in the middle of the first write.
type cutAt struct {
	*splice
	at   int
	then func()
}

func (c cutAt) Write(p []byte) (int, error) {
	if c.Conn == c.second {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(p[:c.at])
	if err != nil {
		return n, err
	}
	c.then()
	rest, err := c.second.Write(p[c.at:])
	return n + rest, err
}

// eachUntil visits the connections again and again until one of them is it.
func eachUntil(ctx context.Context, t *testing.T, s *engine.Server, visit func(*engine.Conn) bool) {
	t.Helper()
	for found := false; !found; {
		err := s.EachConn(ctx, func(c *engine.Conn) { found = found || visit(c) })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// On sockets: what waits leaves once the loop has its turn, blocked or not, before all
// that is said from then on.
func TestAdoptOnSockets(t *testing.T) {
	s := start(t, engine.Config{Loops: 1}, courteous{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, stalled := range []time.Duration{0, time.Second} {
		conn := dial(t, s)
		eachUntil(ctx, t, s, func(c *engine.Conn) bool {
			if c.Open() {
				return false
			}
			book := &engine.FrameBook{Frames: []engine.FrameRecord{{Bytes: []byte("\x81\x03abc")}, {Bytes: bytes.Repeat([]byte("\x81\x01x"), 50_000)}}}
			state := engine.ConnState{Waiting: []uint32{0, 1}, Stalled: stalled, Frames: book, Input: []byte(masked(websocket.Text, true, "y"))}
			if stalled > 0 {
				state.Sent = 2
			}
			if err := c.Adopt(state, courteousReceiver{}, nil); err != nil {
				t.Error(err)
			}
			return true
		})
		want := "\x81\x03abc" + strings.Repeat("\x81\x01x", 50_000) + "\x81\x01y"
		if stalled > 0 {
			want = want[2:]
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
			t.Errorf("stalled %v: %d bytes, %v; the same: %v", stalled, len(got), err, string(got) == want)
		}
	}
}

// A book that is split says the same, however small its parts.
func TestBookSplits(t *testing.T) {
	for _, size := range []int{1, 300, 1 << 20} {
		l := enginetest.New(engine.Config{QueueBytes: 1 << 30}, courteous{})
		peers, handles := open(t, l, 1)
		peers[0].Stall(true)
		shared := &engine.Shared{Bytes: 200}
		for i := range 10 {
			deliver(l, engine.NewText(&engine.Rule{Name: fmt.Sprint(i % 2)}, fmt.Append(nil, i)), handles)
			deliver(l, engine.NewTextOf(engine.Protocol, []*engine.Shared{shared}, fmt.Append(nil, i), bytes.Repeat([]byte("x"), 200)), handles)
		}
		l.Settle()
		var w engine.FrameWriter
		s, ok := peers[0].Conn().State(&w)
		if !ok {
			t.Fatal("a connection can't be written down")
		}
		var r engine.FrameReader
		parts := 0
		for b := range w.Book().Split(size) {
			parts++
			if err := r.Read(gobbed(t, b)); err != nil {
				t.Fatal(err)
			}
		}
		if parts > 1 != (size < 1<<20) {
			t.Errorf("%d parts of %d bytes", parts, size)
		}
		next := enginetest.New(engine.Config{QueueBytes: 1 << 30}, courteous{})
		peers[0].MoveTo(next)
		if err := peers[0].Conn().Adopt(s, courteousReceiver{}, &r); err != nil {
			t.Fatal(err)
		}
		next.Settle()
		peers[0].Stall(false)
		got := messages(t, peers[0].Received())
		if len(got) != 20 || got[0] != "0" || got[19] != "9"+strings.Repeat("x", 200) {
			t.Errorf("parts of %d bytes: got %q", size, got)
		}
	}
}

// What is written down of slow connections while they are served is not written again.
func TestWriteBacklogs(t *testing.T) {
	s := start(t, engine.Config{Loops: 1, QueueBytes: 1 << 30}, courteous{})
	slow := upgrade(t, s)
	says(t, upgrade(t, s), []byte("x"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	const frames, size = 100, 100_000
	eachUntil(ctx, t, s, func(c *engine.Conn) bool {
		if c.Remote() == slow.LocalAddr().String() {
			for range frames {
				c.Send(engine.NewText(engine.Event, bytes.Repeat([]byte("x"), size)))
			}
			return true
		}
		return false
	})
	var w engine.FrameWriter
	ahead := engine.FrameBook{}
	for len(ahead.Frames) == 0 { // until the socket takes no more
		if err := s.WriteBacklogs(ctx, &w); err != nil {
			t.Fatal(err)
		}
		ahead = w.Book()
	}
	waiting := 0
	err := s.EachConn(ctx, func(c *engine.Conn) {
		if state, ok := c.State(&w); ok {
			waiting += len(state.Waiting)
		}
	})
	if err != nil || waiting == 0 || waiting > len(ahead.Frames) {
		t.Errorf("%d frames wait, and %d were written ahead: %v", waiting, len(ahead.Frames), err)
	}
	if rest := w.Book(); len(rest.Frames) != 0 {
		t.Errorf("%d frames were written again", len(rest.Frames))
	}
}
