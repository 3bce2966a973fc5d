package spelling

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"server.host", "server.port", "metrics.port", "log.level"}
	f := func(name, want string) {
		t.Helper()
		if got := Nearest(name, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
	f("server.prot", "server.port")
	f("sever.host", "server.host")
	f("metric.port", "metrics.port")
	f("port", "server.port")
	f("level", "log.level")
	f("", "")
	f("sevrer", "")
	f("nothing.of.the.kind", "")
	f("lvl", "")
}

func TestEdits(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := edits(a, b); got != want || edits(b, a) != want {
			t.Errorf("edits(%q, %q) = %d and back %d, want %d", a, b, got, edits(b, a), want)
		}
	}
	f("", "", 0)
	f("", "abc", 3)
	f("port", "port", 0)
	f("prot", "port", 1)
	f("pot", "port", 1)
	f("host", "port", 2)
	f("kitten", "sitting", 3)
}
