//go:build linux

package loadgen

import (
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// Publisher is one kept-alive HTTP connection that posts signed requests, one
// at a time. A server may end it while it is idle; the next post opens another.
type Publisher struct {
	stream
	// Answered is called when a post was answered with 200.
	Answered func()
	// Refused is called when a post was answered with anything else. Nil ends
	// Loop.Run with the error, as a lost connection always does.
	Refused func(error)

	target  *Target
	busy    bool
	used    time.Time // when it was opened, or was answered last
	scratch []byte
}

// fresh is how long an idle connection is trusted. A server may have ended one
// that is older, and its word may be on the way still: behind a million
// subscribers' messages it waits its turn.
const fresh = 5 * time.Second

// Publisher begins to connect one; it may be posted to at once.
func (l *Loop) Publisher(t *Target) (*Publisher, error) {
	p := &Publisher{target: t}
	return p, p.connect(l)
}

func (p *Publisher) connect(l *Loop) error {
	p.used = time.Now()
	return p.open(l, p, p.target, nil)
}

// Idle reports whether there is no post that waits for its answer.
func (p *Publisher) Idle() bool { return !p.busy }

// Post signs a request to an endpoint of the app ("events", "batch_events")
// and sends it. The publisher must be idle. body is copied.
func (p *Publisher) Post(endpoint string, body []byte) {
	if p.busy {
		panic("loadgen: post on a publisher that waits for an answer")
	}
	p.busy = true
	if time.Since(p.used) > fresh {
		p.close()
	}
	if p.fd < 0 {
		if err := p.connect(p.loop); err != nil {
			p.fail(err)
			return
		}
	}
	p.scratch = p.target.appendPost(p.scratch[:0], endpoint, body, time.Now())
	if err := p.write(p.scratch); err != nil {
		p.fail(err)
	}
}

// Close closes the connection; a post that waits for its answer is given up.
func (p *Publisher) Close() { p.close() }

func (p *Publisher) ready(events uint32) {
	if err := p.serve(events); err != nil {
		p.fail(err)
	}
}

func (p *Publisher) serve(events uint32) error {
	if events&unix.EPOLLOUT != 0 {
		if err := p.flush(); err != nil {
			return err
		}
	}
	if events&^uint32(unix.EPOLLOUT) == 0 {
		return nil
	}
	b, err := p.read()
	if errors.Is(err, io.ErrUnexpectedEOF) && !p.busy {
		p.close()
		return nil
	}
	if err != nil {
		return err
	}
	a, n, err := parseAnswer(b)
	if err != nil || n == 0 {
		p.keep(b)
		return err
	}
	if a.status != 200 || !p.busy {
		err = p.target.refused("answer", a.status, a.body)
	}
	if !p.busy || err != nil && p.Refused == nil {
		return err
	}
	p.keep(b[n:])
	p.busy, p.used = false, time.Now()
	switch {
	case err != nil:
		p.Refused(err)
	case p.Answered != nil:
		p.Answered()
	}
	return nil
}

func (p *Publisher) fail(err error) {
	p.loop.fail(fmt.Errorf("publisher: %w", p.target.explain(err)))
	p.close()
}
