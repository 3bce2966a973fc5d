//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	speakers        = 10
	topics          = 10 // of each speaker
	eventsPerSecond = 1000
)

// dictation is clients that send numbered events on a hundred channels, eventsPerSecond all together.
type dictation struct {
	name     string // part of its channels' names
	speakers [speakers]*speaker
	quit     chan struct{}
	work     sync.WaitGroup
}

// speaker is one of the clients, with channels of its own.
type speaker struct {
	*peer

	mu   sync.Mutex
	sent [topics]int // by channel: the number of the next event; guarded by mu
	err  error       // the first write that failed; guarded by mu
}

func (d *dictation) topic(speaker, n int) string {
	return fmt.Sprintf("private-%s-%d-%d", d.name, speaker, n)
}

// dictate connects the speakers, and begins on each channel of that name with the number that b waits for.
func dictate(s *server, b *box, name string) (*dictation, error) {
	d := &dictation{name: name, quit: make(chan struct{})}
	for i := range d.speakers {
		p, err := s.connect(victim)
		if err != nil {
			return nil, err
		}
		d.speakers[i] = &speaker{peer: p}
		for n := range topics {
			if err := p.join(victim, d.topic(i, n), ""); err != nil {
				return nil, err
			}
			d.speakers[i].sent[n] = b.taken(d.topic(i, n))
		}
		if err := p.SetDeadline(time.Time{}); err != nil {
			return nil, err
		}
	}
	for i, s := range d.speakers {
		d.work.Go(func() { d.speak(s, i) })
	}
	return d, nil
}

// speak sends what is due, also when its tick came late.
func (d *dictation) speak(s *speaker, number int) {
	const each = time.Second * speakers / eventsPerSecond
	tick := time.NewTicker(each)
	defer tick.Stop()
	for start, said := time.Now(), 0; ; {
		select {
		case <-d.quit:
			return
		case <-tick.C:
		}
		for ; said < int(time.Since(start)/each); said++ {
			if !s.sayOne(d.topic(number, said%topics), said%topics) {
				return
			}
		}
	}
}

func (s *speaker) sayOne(topic string, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = s.say(fmt.Sprintf(`{"event":"client-said","channel":%q,"data":"%d"}`, topic, s.sent[n]))
	if s.err == nil {
		s.sent[n]++
	}
	return s.err == nil
}

// said gives how many events were sent on each channel.
func (d *dictation) said() map[string]int {
	all := map[string]int{}
	for i, s := range d.speakers {
		s.mu.Lock()
		for n, sent := range s.sent {
			all[d.topic(i, n)] = sent
		}
		s.mu.Unlock()
	}
	return all
}

// end stops the speakers and closes their connections. The error tells whether the server has refused any of their events, or
// lost them.
func (d *dictation) end() error {
	close(d.quit)
	d.work.Wait()
	var errs []error
	for _, s := range d.speakers {
		errs = append(errs, s.err, s.SetDeadline(time.Now().Add(patience)), s.getsOnly("", "", ""), s.Close())
	}
	return errors.Join(errs...)
}
