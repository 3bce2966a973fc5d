package websocket_test

import (
	"fmt"
	"iter"
	"testing"

	"fanfare/engine/websocket/cases"
)

// octets is truly byte by byte, also where cases.Octets takes larger pieces for the sake of a network.
func octets(send []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range send {
			if !yield(send[i : i+1]) {
				return
			}
		}
	}
}

// TestCases drives all cases through a Reader.
func TestCases(t *testing.T) {
	splits := map[string]cases.Split{"whole": cases.Whole, "octets": octets}
	for seed := range uint64(5) {
		splits[fmt.Sprintf("random %d", seed)] = cases.Random(seed)
	}
	for name, split := range splits {
		t.Run(name, func(t *testing.T) {
			for _, c := range cases.All() {
				drive(t, c, split, &endpoint{limit: cases.LargestMessage})
			}
		})
	}
}

// TestCasesHandedOver moves the Reader's state to another Reader after every piece, as an upgrade of the server does.
func TestCasesHandedOver(t *testing.T) {
	for _, split := range []cases.Split{cases.Octets, cases.Random(7)} {
		for _, c := range cases.All() {
			if len(c.Send) > 4096 {
				continue // the state is written once a piece: quadratic, and no other path than in the small cases
			}
			drive(t, c, split, &endpoint{limit: cases.LargestMessage, handOver: true})
		}
	}
}

func drive(t *testing.T, c cases.Case, split cases.Split, e *endpoint) {
	t.Helper()
	for piece := range split(c.Send) {
		e.feed(piece)
	}
	if err := cases.Check(c, e.out, e.closed); err != nil {
		t.Errorf("%v (violation seen: %v)", err, e.violated)
	}
}
