//go:build linux

package loadgen_test

import (
	"strings"
	"testing"
	"time"

	"fanfare/bench/loadgen"
	"fanfare/bench/loadgen/pushertest"
)

// What the fleet counts is what the kernel has counted, to the byte.
func TestBytesAgreeWithTheKernel(t *testing.T) {
	server, l, ctx := pushertest.Start(t), newLoop(t), within(t, 30*time.Second)
	const subscribers, messages, size, header = 20, 30, 1000, 4
	fleet := l.Open(server.Target(), subscribers, 5, toBench)
	if err := l.Run(ctx, fleet.Ready); err != nil || fleet.Err() != nil {
		t.Fatal(err, fleet.Err())
	}
	before, err := fleet.KernelBytes()
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.Publisher(server.Target())
	if err != nil {
		t.Fatal(err)
	}
	for seq := range uint32(messages) {
		mark := string(loadgen.AppendMark(nil, loadgen.Mark{Seq: seq}))
		p.Post("events", []byte(`{"name":"tick","channel":"bench","data":"`+mark+strings.Repeat("x", size)+`"}`))
		if err := l.Run(ctx, p.Idle); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Run(ctx, func() bool { return fleet.Messages >= subscribers*messages }); err != nil {
		t.Fatalf("%d messages came: %v", fleet.Messages, err)
	}
	after, err := fleet.KernelBytes()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fleet.Bytes+fleet.Messages*header, after-before; got != want || got < subscribers*messages*size {
		t.Errorf("fleet has %d bytes, the kernel %d", got, want)
	}
}
