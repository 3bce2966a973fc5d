package main

import (
	"fmt"
	"slices"
)

// Statements about several nodes, as far as one shows them: what has to hold
// across nodes has to hold across the event loops of one.

const oneNode = "checked on one node; the half across nodes comes with the cluster"

// con05 has all connections open at the same time.
func con05(t *T) {
	const all, lanes = 10_000, 50
	ids := make([][]string, lanes)
	t.parallel(lanes, func(t *T, lane int) {
		for range all / lanes {
			ids[lane] = append(ids[lane], t.connect(mainApp).id)
		}
	})
	if distinct := slices.Compact(sorted(slices.Concat(ids...))); len(distinct) != all {
		t.fatalf("%d connections have %d distinct socket ids", all, len(distinct))
	}
	t.note(oneNode)
}

func pre18(t *T) {
	room := t.name("presence-")
	var clients []*client
	var users []string
	for i := range 16 {
		c, user := t.connect(mainApp), fmt.Sprintf("user-%02d", i)
		users = append(users, user)
		c.describes(c.join(room, member(user, nil)), users...)
		for _, earlier := range clients {
			earlier.sees(added, room, user)
		}
		clients = append(clients, c)
	}
	for i, c := range clients {
		t.check(c.conn.Close(), "disconnect")
		for _, later := range clients[i+1:] {
			if got := later.userID(later.expect(removed, room)); got != users[i] {
				t.fatalf("told that user %q has gone, want %q", got, users[i])
			}
		}
	}
	t.note(oneNode)
}

// whk17 has users come and go at once, two connections each.
func whk17(t *T) {
	const users = 10
	there, in := t.told()
	room := t.name("presence-")
	stays := there.on(room, "stays")
	clients := make([]*client, 2*users)
	there.parallel(len(clients), func(t *T, i int) {
		clients[i] = t.connect(hookApp)
		clients[i].askSigned(room, dataFor(room, fmt.Sprint(i%users)))
		clients[i].awaits("pusher_internal:subscription_succeeded")
	})
	there.parallel(len(clients), func(_ *T, i int) { clients[i].goes() })
	want := []string{"channel_occupied", "member_added stays"}
	for gone := 0; gone < users; {
		if e := in.take(); e.Channel == room && e.Name == "member_removed" {
			gone++
		}
	}
	for i := range users {
		want = append(want, fmt.Sprint("member_added ", i), fmt.Sprint("member_removed ", i))
	}
	if got := sorted(in.toldBefore(stays, room)); !slices.Equal(got, sorted(want)) {
		t.fatalf("told %q of %s, want each of %q once", got, room, want)
	}
	t.note(oneNode)
}
