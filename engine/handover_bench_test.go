package engine_test

import (
	"bytes"
	"crypto/tls"
	"encoding/gob"
	"fmt"
	"strings"
	"testing"

	"fanfare/engine"
	"fanfare/engine/enginetest"
)

// BenchmarkState and BenchmarkAdopt are what each side of a handover does for a
// connection, gob included: an idle one, one by TLS, and one for which a megabyte
// waits that others wait for, too.
func BenchmarkState(b *testing.B) {
	eachKind(b, func(b *testing.B, peers []*enginetest.Peer) {
		for b.Loop() {
			writeAll(b, peers)
		}
	})
}

func BenchmarkAdopt(b *testing.B) {
	eachKind(b, func(b *testing.B, peers []*enginetest.Peer) {
		stream := writeAll(b, peers)
		for b.Loop() {
			b.StopTimer()
			l := enginetest.New(engine.Config{}, courteous{})
			for _, p := range peers {
				p.MoveTo(l)
			}
			b.StartTimer()
			readAll(b, peers, stream)
		}
	})
}

const handedOver = 1000 // connections

func eachKind(b *testing.B, run func(b *testing.B, peers []*enginetest.Peer)) {
	f := func(name string, peers []*enginetest.Peer) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			run(b, peers)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*handedOver), "ns/conn")
			b.ReportMetric(float64(len(writeAll(b, peers)))/handedOver, "B/conn")
		})
	}
	idle, _ := open(b, enginetest.New(engine.Config{}, courteous{}), handedOver)
	f("idle", idle)
	l, server := enginetest.New(engine.Config{}, courteous{}), engine.SecureState{}
	server.State, _ = sealedTwins(tls.TLS_AES_128_GCM_SHA256)
	var sealed []*enginetest.Peer
	for range handedOver {
		p := l.Dial()
		s := engine.ConnState{Idle: 30, Due: 30, TLS: true, Secure: &server}
		if err := p.Conn().Adopt(s, courteousReceiver{}, nil); err != nil {
			b.Fatal(err)
		}
		sealed = append(sealed, p)
	}
	f("TLS", sealed)
	l = enginetest.New(engine.Config{QueueBytes: 2 << 20}, courteous{})
	slow, handles := open(b, l, handedOver)
	for _, p := range slow {
		p.Stall(true)
	}
	for i := range 1000 {
		deliver(l, event(fmt.Sprint(i, strings.Repeat("x", 1024))), handles)
		l.Settle()
	}
	f("1MB", slow)
}

// writeAll is what the loop that is left does.
func writeAll(b *testing.B, peers []*enginetest.Peer) []byte {
	var frames engine.FrameWriter
	var states, book bytes.Buffer
	enc := gob.NewEncoder(&states)
	for _, p := range peers {
		s, ok := p.Conn().State(&frames)
		if !ok || enc.Encode(&s) != nil {
			b.Fatal("a connection can't be written down")
		}
	}
	if err := gob.NewEncoder(&book).Encode(frames.Book()); err != nil {
		b.Fatal(err)
	}
	return append(book.Bytes(), states.Bytes()...)
}

// readAll is what its heir does.
func readAll(b *testing.B, peers []*enginetest.Peer, stream []byte) {
	r := bytes.NewReader(stream)
	var book engine.FrameBook
	var frames engine.FrameReader
	if err := gob.NewDecoder(r).Decode(&book); err != nil {
		b.Fatal(err)
	}
	if err := frames.Read(book); err != nil {
		b.Fatal(err)
	}
	dec := gob.NewDecoder(r)
	for _, p := range peers {
		var s engine.ConnState
		if err := dec.Decode(&s); err != nil {
			b.Fatal(err)
		}
		if err := p.Conn().Adopt(s, courteousReceiver{}, &frames); err != nil {
			b.Fatal(err)
		}
	}
}
