//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"

	"fanfare/bench/loadgen"
	"fanfare/protocol/pusher/auth"
)

func TestHearing(t *testing.T) {
	signer := auth.NewSigner(key, secret)
	f := func(taken, wrong int, first string, forged bool, whispers ...loadgen.Mark) {
		t.Helper()
		h := &hearing{signer: signer, next: map[int]uint32{}}
		var events []string
		for _, m := range whispers {
			events = append(events, fmt.Sprintf(`{"name":"client_event","data":"{\"text\":\"%s\"}"}`, loadgen.AppendMark(nil, m)))
		}
		body := []byte(`{"events":[` + strings.Join(events, ",") + `]}`)
		signature := signer.Hex(body)
		if forged {
			signature = "00"
		}
		h.take(signature, body)
		if m := h.mail(); m.Taken != taken || m.Wrong != wrong || !strings.Contains(m.First, first) {
			t.Errorf("%v gave %+v, want %d taken, %d wrong, %q", whispers, m, taken, wrong, first)
		}
	}
	a := func(seq uint32) loadgen.Mark { return loadgen.Mark{Source: 1, Seq: seq} }
	b := func(seq uint32) loadgen.Mark { return loadgen.Mark{Source: 2, Seq: seq} }
	f(4, 0, "", false, a(0), b(0), a(1), b(1))
	f(1, 1, "whisper 0 of member 1 came when 1 was due", false, a(0), a(0))
	f(1, 1, "whisper 2 of member 1 came when 1 was due", false, a(0), a(2))
	f(0, 1, "signature", true, a(0))
}

func TestOptions(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		var said strings.Builder
		if _, err := parse(args, &said); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
	f("want flags only", "now")
	f("--connections is 10: use at least 40", "-connections", "10")
	if o, err := parse(nil, &strings.Builder{}); err != nil || o.Connections != usualConnections {
		t.Errorf("without flags: %+v, %v", o, err)
	}
}
