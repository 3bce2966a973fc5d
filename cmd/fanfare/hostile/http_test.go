//go:build e2e

package hostile

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// slowHeads sends requests a byte at a time and never ends them. Each gets 408 when the head timeout is over.
var slowHeads = attack{
	name:   "slow-loris heads and bodies",
	growth: 12 * mib,
	why:    "1,000 connections that keep a few hundred bytes each",
	flags:  []string{"--head-timeout", "2"},
	run: func(s *server) error {
		return together(1000, func(i int) error {
			start := "GET /app/victim-key?protocol=7 HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
			if i%2 == 1 {
				start = "POST /apps/victim/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
			}
			return s.dribble(start)
		})
	},
}

// dribble sends a start, and then bytes one by one until it is told that the time is over.
func (s *server) dribble(start string) error {
	p, err := s.dial()
	if err != nil {
		return err
	}
	defer p.Close()
	if _, err := io.WriteString(p, start); err != nil {
		return err
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				_, _ = p.Write([]byte("a")) // fails once the server has hung up
			}
		}
	}()
	return p.answered(http.StatusRequestTimeout)
}

// answered wants an HTTP answer, and then the end of the connection.
func (p *peer) answered(status int) error {
	answer, err := p.answer()
	if err != nil {
		return err
	}
	if answer.status != status {
		return fmt.Errorf("answered with %d %s, want %d", answer.status, answer.body, status)
	}
	if _, err := p.next(); !errors.Is(err, io.EOF) {
		return unlike(err, "the connection does not end after %d", status)
	}
	return nil
}

// longHeads sends heads of 100 KB, whole and at once.
var longHeads = attack{
	name:   "heads of 100 KB",
	growth: 16 * mib,
	why:    "64 connections at once, 16 KiB of each head and what one read takes of it",
	run: func(s *server) error {
		long := strings.Repeat("a", 100_000)
		heads := map[string]rejected{
			"header":    {"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + long + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
			"upgrade":   {upgradeHead(victim) + "Cookie: " + long + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
			"no end":    {upgradeHead(victim) + "Cookie: " + long, http.StatusRequestHeaderFieldsTooLarge},
			"many":      {"GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("A: b\r\n", 200) + "\r\n", http.StatusRequestHeaderFieldsTooLarge},
			"target":    {"GET /" + long + " HTTP/1.1\r\nHost: localhost\r\n\r\n", http.StatusRequestURITooLong},
			"name":      {"GET / HTTP/1.1\r\n" + long + ": localhost\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
			"body":      {"POST /apps/victim/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9223372036854775807\r\n\r\n", http.StatusRequestEntityTooLarge},
			"body kept": {"POST /apps/victim/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n" + long, http.StatusRequestEntityTooLarge},
		}
		return rounds(func() error {
			return each(heads, func(r rejected) error {
				return together(64, func(int) error { return r.send(s) })
			})
		})
	},
}

// rejected is a request, and the status that it must get.
type rejected struct {
	request string
	status  int
}

func (r *rejected) send(s *server) error {
	p, err := s.dial()
	if err != nil {
		return err
	}
	defer p.Close()
	if _, err := io.WriteString(p, r.request); err != nil {
		return err
	}
	return p.answered(r.status)
}

const halfOpened = 10_000

// halfOpen opens connections that never become one: a half says nothing at all, and a half begins an upgrade. All are open at
// once, until the head timeout has come.
var halfOpen = attack{
	name:   "10,000 half-open connections",
	growth: 24 * mib,
	why:    "about 2.4 KiB each, the 400 bytes of half a head included",
	flags:  []string{"--head-timeout", "10"}, // in which a slow machine opens them all
	run: func(s *server) error {
		peers := make([]*peer, halfOpened)
		defer func() {
			for _, p := range peers {
				if p != nil {
					p.Close()
				}
			}
		}()
		for i := range peers {
			var err error
			if peers[i], err = s.halfOpen(i); err != nil {
				return fmt.Errorf("attacker %d: %w", i, err)
			}
		}
		if err := s.reaches("fanfare_connections", halfOpened+crowdSize); err != nil {
			return err
		}
		for i, p := range peers {
			if err := p.timedOut(i); err != nil {
				return fmt.Errorf("attacker %d: %w", i, err)
			}
		}
		return nil
	},
}

func (s *server) halfOpen(i int) (*peer, error) {
	p, err := s.dial()
	if err == nil && i%2 == 1 {
		_, err = io.WriteString(p, upgradeHead(victim))
	}
	return p, err
}

// timedOut wants 408 where a request has begun, and the end of the connection without a word where none has.
func (p *peer) timedOut(i int) error {
	if i%2 == 1 {
		return p.answered(http.StatusRequestTimeout)
	}
	if _, err := p.next(); !errors.Is(err, io.EOF) {
		return unlike(err, "a silent connection did not end without a word")
	}
	return nil
}
