package scenario

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/loadgen"
)

type apiEvent struct{ Name, Channel, Data string }

// A frame must have the size that the report tells of, and the bare target
// must be given what a Pusher server makes of the same event.
func TestEventSize(t *testing.T) {
	pusher, err := loadgen.NewTarget("ws://127.0.0.1:1/app/key", "id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	bare := loadgen.NewBareTarget(netip.MustParseAddrPort("127.0.0.1:1"))
	f := func(size, header int) {
		t.Helper()
		m := loadgen.Mark{Publisher: 3, Seq: 42}
		var e apiEvent
		if err := json.Unmarshal(newEventWriter(pusher, size).appendEvent(nil, m), &e); err != nil {
			t.Fatal(err)
		}
		payload := newEventWriter(bare, size).appendEvent(nil, m)
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
	f(100, 2)
	f(127, 2)
	f(130, 4)
	f(200, 4)
	f(30000, 4)
}

func TestBatch(t *testing.T) {
	var batch struct{ Batch []apiEvent }
	if err := json.Unmarshal(eventWriter{}.appendBatch(nil, 7, 41, 3), &batch); err != nil {
		t.Fatal(err)
	}
	want := []apiEvent{
		{event, channel, "seq=0007.0000000041"},
		{event, channel, "seq=0007.0000000042"},
		{event, channel, "seq=0007.0000000043"},
	}
	if diff := cmp.Diff(want, batch.Batch); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
