package main

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// attempts are the requests for one event, in their order.
type attempts []delivery

// delays are the times between them.
func (a attempts) delays() []time.Duration {
	var out []time.Duration
	for i := 1; i < len(a); i++ {
		out = append(out, a[i].at.Sub(a[i-1].at))
	}
	return out
}

// whk06 fails three times, which takes some seven seconds.
func whk06(t *T) {
	in := t.inbox(hookCredentials)
	channel := t.name("private-")
	var tries attempts
	in.answer = func(d delivery) int {
		if d.events[0].Channel != channel || d.events[0].Name != "channel_occupied" {
			return http.StatusNoContent
		}
		if tries = append(tries, d); len(tries) <= 3 {
			return http.StatusInternalServerError
		}
		return http.StatusAccepted // any 2xx is success
	}
	there := t.hooked(nil, in.hook())
	c := there.on(channel, "")
	in.await("channel_occupied", channel)
	c.subscribe(t.name("public-"))
	in.tells(c, channel, "channel_occupied") // and it does not come again
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(tries) != 4 {
		t.fatalf("three failures and one success took %d requests", len(tries))
	}
	for i, d := range tries.delays() {
		if d < 500*time.Millisecond || i > 0 && d <= tries.delays()[i-1] {
			t.fatalf("the delays between attempts are %v, want them to grow", tries.delays())
		}
		if tries[i+1].body != tries[0].body {
			t.fatalf("attempt %d has the body %s, the first had %s", i+2, tries[i+1].body, tries[0].body)
		}
	}
	t.givesUp()
	t.note("the first three delays were checked, and with webhooks.retry_for = 3 that it ends; the default is 300 s")
}

// givesUp proves that what fails is dropped when webhooks.retry_for is over,
// and that what happened later on its channel comes then.
func (t *T) givesUp() {
	const retryFor = 3 * time.Second
	in := t.inbox(hookCredentials)
	in.answer = func(d delivery) int {
		if d.events[0].Name == "channel_occupied" {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	}
	there := t.hooked(nil, in.hook(), fmt.Sprintf("[webhooks]\nretry_for = %d", int(retryFor.Seconds())))
	channel, start := t.name("private-"), time.Now()
	c := there.on(channel, "")
	later := time.NewTicker(200 * time.Millisecond) // a fifth of what a client may send
	defer later.Stop()
	for {
		c.send("client-x", channel, "{}")
		select {
		case d := <-in.accepted:
			if waited := time.Since(start); d.events[0].Event != "client-x" || waited < retryFor {
				t.fatalf("%s came after %v, want a client event after %v", d.body, waited, retryFor)
			}
			return
		case problem := <-in.broken:
			t.fatalf("a webhook came that is not right: %s", problem)
		case <-later.C:
		case <-t.ctx.Done():
			t.fatalf("what fails holds up its channel for longer than %v, with webhooks.retry_for = %v", t.limit, retryFor)
		}
	}
}

func whk07(t *T) {
	in := t.inbox(hookCredentials)
	statuses := map[string]int{}
	for _, status := range []int{400, 401, 403, 404, 410, 429} {
		statuses[t.name("public-")] = status
	}
	tries := map[string]int{}
	in.answer = func(d delivery) int {
		channel := d.events[0].Channel
		if tries[channel]++; tries[channel] == 1 {
			return statuses[channel]
		}
		return http.StatusOK
	}
	there := t.hooked(nil, in.hook())
	c := there.connect(hookApp)
	for channel := range statuses {
		c.subscribe(channel)
	}
	for range statuses {
		in.take()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for channel, status := range statuses {
		if got := in.of(channel); tries[channel] != 2 || !slices.Equal(got, []string{"channel_occupied"}) {
			t.fatalf("after a %d %d requests told %q, want a second one that tells channel_occupied", status, tries[channel], got)
		}
	}
}
