package pusher

import (
	"strings"
	"testing"
	"unsafe"
)

// What is kept must not change with the buffer that it came from, also when
// two of the three are empty.
func TestKeepCopies(t *testing.T) {
	f := func(a, b, c string) {
		t.Helper()
		buffer := []byte(a + b + c)
		all := unsafe.String(unsafe.SliceData(buffer), len(buffer))
		x, y, z := keep(all[:len(a)], all[len(a):len(a)+len(b)], all[len(a)+len(b):])
		clear(buffer)
		if x != a || y != b || z != c {
			t.Errorf("got %q, %q, %q, want %q, %q, %q", x, y, z, a, b, c)
		}
	}
	f("channel", "auth", "data")
	f("channel", "", "")
	f("", "auth", "")
	f("", "", "data")
	f("", "", "")
}

// SUB-09: the refusal of a subscribe without auth names the channel that was
// asked for, whatever others say while it is being checked.
func TestRefusalNamesItsChannel_SUB09(t *testing.T) {
	p := parser{}
	cmd, err := p.parse([]byte(`{"event":"pusher:subscribe","data":{"channel":"private-mine"}}`))
	if err != nil {
		t.Fatal(err)
	}
	w := want{channel: cmd.channel, auth: cmd.auth, data: cmd.channelData}.keep()
	if _, err := p.parse([]byte(strings.Repeat(" ", 20) + `{"event":"client-secret","channel":"private-other"}`)); err != nil {
		t.Fatal(err)
	}
	if w.channel != "private-mine" {
		t.Errorf("channel became %q", w.channel)
	}
}
