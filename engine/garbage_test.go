package engine

import "testing"

func TestGarbage(t *testing.T) {
	g := newGarbage()
	if g.tick() {
		t.Error("memory is to be returned in the first second")
	}
	g = newGarbage()
	g.judge(7, 100, 100)
	for second := range garbageTicks - 1 {
		if g.judge(7, 100, 200) {
			t.Fatalf("second %d: too soon", second)
		}
	}
	if g.judge(7, 100, 125) {
		t.Error("for a quarter of garbage")
	}
	if !g.judge(7, 100, 126) {
		t.Error("not for more than a quarter of garbage after a minute")
	}
	if g.judge(8, 100, 126) {
		t.Error("right after a collection")
	}
}
