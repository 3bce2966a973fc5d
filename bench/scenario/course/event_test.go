package course

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/loadgen"
)

type apiEvent struct{ Name, Channel, Data string }

func targets(t *testing.T) (pusher, bare *loadgen.Target) {
	t.Helper()
	pusher, err := loadgen.NewTarget("ws://127.0.0.1:1/app/key", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	return pusher, loadgen.NewBareTarget(netip.MustParseAddrPort("127.0.0.1:1"))
}

// A frame must have the size that the report tells of, and the bare target
// must be given what a Pusher server makes of the same event.
func TestEventSize(t *testing.T) {
	pusher, bare := targets(t)
	f := func(size, header int, make func(*loadgen.Target, string, int) EventWriter) {
		t.Helper()
		m := loadgen.Mark{Source: 3, Seq: 42}
		var e apiEvent
		if err := json.Unmarshal(make(pusher, Channel, size).AppendEvent(nil, Channel, m), &e); err != nil {
			t.Fatal(err)
		}
		payload := make(bare, Channel, size).AppendEvent(nil, Channel, m)
		if got := header + len(payload); got != size {
			t.Errorf("frame of %d bytes, want %d", got, size)
		}
		var frame struct{ Event, Channel, Data string }
		if err := json.Unmarshal(payload, &frame); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(apiEvent{frame.Event, frame.Channel, frame.Data}, e); diff != "" {
			t.Errorf("(-bare +pusher):\n%s", diff)
		}
	}
	f(100, 2, NewEventWriter)
	f(127, 2, NewEventWriter)
	f(130, 4, NewEventWriter)
	f(200, 4, NewEventWriter)
	f(30000, 4, NewEventWriter)
	f(70_000, 10, NewEventWriter)
	f(200, 4, NewTickWriter)
	f(250, 4, NewTickWriter)
}

// A tick is JSON within JSON, and its mark is found in the frame.
func TestTick(t *testing.T) {
	pusher, bare := targets(t)
	m := loadgen.Mark{Source: 99, Seq: 7}
	var e apiEvent
	if err := json.Unmarshal(NewTickWriter(pusher, Channel, 200).AppendEvent(nil, Channel, m), &e); err != nil {
		t.Fatal(err)
	}
	var quote struct{ Bid, Ask float64 }
	if err := json.Unmarshal([]byte(e.Data), &quote); err != nil || quote.Bid <= 0 || quote.Ask <= quote.Bid {
		t.Errorf("%s is %+v, %v", e.Data, quote, err)
	}
	frame := NewTickWriter(bare, Channel, 200).AppendEvent(nil, Channel, m)
	if got, at := loadgen.FindMark(frame, -1); at < 0 || got != m {
		t.Errorf("found %+v in %s", got, frame)
	}
}

func TestBatch(t *testing.T) {
	var batch struct{ Batch []apiEvent }
	marks := []loadgen.Mark{{Source: 7, Seq: 41}, {Source: 8, Seq: 0}}
	body := appendBatch(nil, marks, func(dst []byte, m loadgen.Mark) []byte {
		return EventWriter{}.AppendEvent(dst, Channel, m)
	})
	if err := json.Unmarshal(body, &batch); err != nil {
		t.Fatal(err)
	}
	want := []apiEvent{{event, Channel, "seq=0000007.0000000041"}, {event, Channel, "seq=0000008.0000000000"}}
	if diff := cmp.Diff(want, batch.Batch); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
