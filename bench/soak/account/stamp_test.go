package account

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fanfare/bench/loadgen"
)

func TestStamp(t *testing.T) {
	want := Stamp{Mark: loadgen.Mark{Source: 1_000_042, Seq: 4_294_967_295}, Sent: 65 * time.Hour, Certain: 4_294_967_290, CertainSent: 1}
	text := AppendStamp([]byte(`{"data":"`), want)
	if size := len(text) - len(`{"data":"`); size != StampSize {
		t.Errorf("%d bytes, want %d", size, StampSize)
	}
	got, ok := FindStamp(append(text, `"}`...))
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("found %v (-want +got):\n%s", ok, diff)
	}
}

func TestNoStamp(t *testing.T) {
	whole := string(AppendStamp(nil, Stamp{}))
	f := func(payload string) {
		t.Helper()
		if s, ok := FindStamp([]byte(payload)); ok {
			t.Errorf("%q gave %+v", payload, s)
		}
	}
	f("")
	f(whole[:len(whole)-1])
	f(strings.Replace(whole, sentWord, " sunk=", 1))
	f(strings.Replace(whole, "0 ", "x ", 2))
	f(strings.Replace(whole, whenWord, " if=", 1) + " ")
}
