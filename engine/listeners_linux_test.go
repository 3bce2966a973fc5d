package engine_test

import (
	"slices"
	"testing"

	"fanfare/engine"
)

// Every loop's listener on every address is tuned, not only the first loop's.
func TestAllListenersAreTuned(t *testing.T) {
	s := start(t, engine.Config{Loops: 2, Addrs: []string{"127.0.0.1:0", "127.0.0.2:0"}}, echo{})
	const lowat = 16 << 10
	if got, want := engine.ListenerLowats(s.Addrs()), []int{lowat, lowat, lowat, lowat}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
