package main

import "testing"

func TestNumber(t *testing.T) {
	f := func(table, name string, i int, want int64) {
		t.Helper()
		if got := number([]byte(table), name, i); got != want {
			t.Errorf("number(%q, %q, %d) is %d, want %d", table, name, i, got, want)
		}
	}
	memory := "MemTotal:       24684084 kB\nMemFree:          100 kB\nSlab:             12345 kB\n"
	f(memory, "Slab:", 0, 12345)
	f(memory, "MemFree:", 0, 100)
	f(memory, "Free:", 0, 0)
	f(memory, "Slab:", 1, 0) // kB
	f(memory, "Slab:", 7, 0)
	sockets := "sockets: used 97\nTCP: inuse 4002 orphan 0 tw 3 alloc 4004 mem 16\nUDP: inuse 1 mem 2\n"
	f(sockets, "TCP:", 1, 4002)
	f(sockets, "TCP:", 9, 16)
	f("", "TCP:", 1, 0)
}

func TestSample(t *testing.T) {
	f := func(text, name string, want uint64) {
		t.Helper()
		if got := sample([]byte(text), name); got != want {
			t.Errorf("%q in %q is %d, want %d", name, text, got, want)
		}
	}
	text := "# HELP fanfare_subscriptions Subscriptions.\n# TYPE fanfare_subscriptions gauge\nfanfare_subscriptions 1.000001e+06\n" +
		"fanfare_subscriptions_total 7\n" +
		`fanfare_pusher_closed_total{code="4200"} 5` + "\n" + `fanfare_pusher_closed_total{code="4201"} 20` + "\n" +
		`fanfare_app_messages_sent_total{app="a"} 3` + "\n" + `fanfare_app_messages_sent_total{app="b"} 4` + "\n"
	f(text, "fanfare_subscriptions", 1_000_001)
	f(text, `fanfare_pusher_closed_total{code="4201"}`, 20)
	f(text, `fanfare_pusher_closed_total{code="4009"}`, 0)
	f(text, "fanfare_app_messages_sent_total", 7)
	f(text, "fanfare_sub", 0)
	f("", "fanfare_subscriptions", 0)
}
