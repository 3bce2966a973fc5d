//go:build !race

// Under the race detector sync.Pool drops things on purpose, so this can only
// be measured without it.

package auth

import "testing"

func TestChecksDoNotAllocate(t *testing.T) {
	f := func(name string, check func() error) {
		t.Helper()
		if n := testing.AllocsPerRun(1000, func() {
			if err := check(); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	socketID, ch, token := []byte(sid), []byte("private-foobar"), []byte(tokenA)
	r := h1()
	f("strings", func() error { return CheckChannel(docs, sid, "private-foobar", "", false, tokenA) })
	f("bytes", func() error { return CheckChannel(docs, socketID, ch, nil, false, token) })
	f("request", func() error { return docs.CheckRequest(r, now) })
}
