//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const hall = "presence-hall"

// room is one presence channel and all who come and go there.
type room struct {
	server   *server
	visitors []*visitor
	truth    people // who is there; changes only between steps
	steps    int
	news     chan error // from visitors: done what the step asks for, or failed
	answers  latencies  // from a subscribe to the end of the list
	resident int64      // bytes, before anybody came
}

func open(t *testing.T, n int) *room {
	// Who comes is told of all who come after it, and may be behind by as many: everybody here shares the machine's cores.
	patient := []string{"--queue-frames", fmt.Sprint(max(1024, 2*n)), "--queue-bytes", "8MiB", "--pong-timeout", "600"}
	r := &room{server: serve(t, patient...), truth: newPeople(n), news: make(chan error, 3*n)}
	for i := range n {
		r.visitors = append(r.visitors, &visitor{room: r, number: i})
	}
	t.Cleanup(r.close)
	var err error
	if r.resident, err = r.server.resident(); err != nil {
		t.Fatal(err)
	}
	if err := r.server.restartPeak(); err != nil {
		t.Fatalf("cannot measure peaks of memory: %v", err)
	}
	return r
}

func (r *room) close() {
	for _, v := range r.visitors {
		v.hangUp()
	}
}

// done is what a step took.
type done struct {
	moves     int
	took, cpu time.Duration
	events    float64 // messages that the server has delivered
	growth    int64
	confirmed figures
}

func (d *done) row(s step) string {
	return strings.Join([]string{
		s.name, fmt.Sprint(d.moves), fmt.Sprintf("%.1f", d.took.Seconds()), fmt.Sprintf("%.2f", d.cpu.Seconds()),
		fmt.Sprintf("%.3f", d.cpu.Seconds()*1000/float64(d.moves)), fmt.Sprintf("%.0f", d.events),
		ms(d.confirmed.p50), ms(d.confirmed.p99), ms(d.confirmed.worst), inMiB(d.growth),
	}, "\t")
}

// take has visitors come and go at the same time, and waits until all who are there know of all of it.
func (r *room) take(s step) (*done, error) {
	if err := r.connect(s); err != nil {
		return nil, err
	}
	cpu, events, err := r.spent()
	if err != nil {
		return nil, err
	}
	start, moves := time.Now(), 0
	for _, v := range r.visitors {
		switch {
		case s.comes(v.number):
			r.truth.add(v.number)
			err = v.enter()
		case s.goes(v.number):
			r.truth.remove(v.number)
			err = v.leave()
		default:
			continue
		}
		if moves++; err != nil {
			return nil, fmt.Errorf("visitor %d: %w", v.number, err)
		}
	}
	if err := errors.Join(r.hear(moves, "have moved"), r.agree()); err != nil {
		return nil, err
	}
	d := &done{moves: moves, took: time.Since(start), confirmed: r.answers.take()}
	cpuNow, eventsNow, err := r.spent()
	peak, peakErr := r.server.peak()
	d.cpu, d.events, d.growth = cpuNow-cpu, eventsNow-events, peak-r.resident
	return d, errors.Join(err, peakErr)
}

// connect opens sessions for those who are about to come and have none, so that what comes at once are the subscriptions.
func (r *room) connect(s step) error {
	const hands = 16
	return together(hands, func(hand int) error {
		for i := hand; i < len(r.visitors); i += hands {
			if v := r.visitors[i]; s.comes(i) && v.visit == nil {
				if err := v.connect(); err != nil {
					return fmt.Errorf("visitor %d: %w", i, err)
				}
			}
		}
		return nil
	})
}

// agree publishes an event behind all others. Whoever is there compares what it knows with the truth when it comes to that.
func (r *room) agree() error {
	here := r.truth.count()
	err := r.server.until("fanfare_presence_members", fmt.Sprint(here), func(n float64) bool { return n == float64(here) })
	if err != nil {
		return err
	}
	r.steps++
	client := kept(1)
	defer client.CloseIdleConnections()
	if err := r.server.publish(client, victim, publication(hall, "compare", fmt.Sprint(r.steps), "")); err != nil {
		return err
	}
	return r.hear(here, "know who is there")
}

// hear waits for news of n visitors.
func (r *room) hear(n int, what string) error {
	limit := time.After(patience + time.Duration(len(r.visitors))*100*time.Millisecond)
	for i := range n {
		select {
		case err := <-r.news:
			if err != nil {
				return err
			}
		case <-limit:
			return fmt.Errorf("%d of %d visitors %s", i, n, what)
		}
	}
	return nil
}

// spent is what the server has used and delivered so far.
func (r *room) spent() (cpu time.Duration, events float64, err error) {
	if cpu, err = r.server.cpu(); err != nil {
		return 0, 0, err
	}
	events, err = r.server.metric(`fanfare_app_messages_sent_total{app="victim"}`)
	return cpu, events, err
}
