package engine

import (
	"reflect"
	"slices"
	"testing"

	"fanfare/engine/http1"
)

// Whatever a connection holds is written down, or there is a reason why it need not be.
// Who adds a field decides which.
func TestAllThatAConnectionHoldsIsWrittenDown(t *testing.T) {
	f := func(v any, written, not []string) {
		t.Helper()
		var fields []string
		for field := range reflect.TypeOf(v).Fields() {
			fields = append(fields, field.Name)
		}
		known := slices.Concat(written, not)
		slices.Sort(fields)
		slices.Sort(known)
		if !slices.Equal(fields, known) {
			t.Errorf("%T has %q, of which %q are known to Conn.State, or to need none", v, fields, known)
		}
	}
	f(Conn{}, []string{"most", "in", "q", "idle", "state", "cause", "flags"},
		[]string{"loop", "sock", "slot", "gen", "fd", "rcv"}) // others' where it goes on
	f(inbound{}, []string{"buf", "head", "body", "chunks", "limit", "onBody", "chunked", "reader", "sealed", "since"},
		[]string{
			"need", "scanned", // found again
			"early", // of a handshake under way
			"held",  // counted anew
		})
	f(queue{}, []string{"ring", "off", "since", "rest"}, []string{"head", "holes", "n", "bytes", "ledger"}) // follow
	f(Frame{}, []string{"bytes", "parts", "rule", "topic", "since"}, []string{"backlogs"})
	f(secure{}, []string{"conn"}, []string{"hello"})
	f(page{}, []string{"conns", "out", "due", "named", "secure"}, []string{"free", "frees"})
	f(http1.Chunks{}, []string{"state", "digits", "extra", "left", "total"}, nil)
	if last := flagSealed; last != 1<<17 {
		t.Errorf("the flags are others than Conn.State knows")
	}
}
