//go:build e2e

package hostile

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// unharmed checks what must hold after every attack and once all have hung up: nothing panicked, and no connection,
// subscription or member is left.
func (s *server) unharmed(t *testing.T) {
	t.Helper()
	if n, err := s.metric("fanfare_panics_total"); err != nil || n != 0 {
		t.Errorf("%v callbacks panicked (%v)", n, err)
	}
	for _, name := range []string{"fanfare_connections", "fanfare_channels", "fanfare_subscriptions", "fanfare_presence_members"} {
		if err := s.falls(name, 0); err != nil {
			t.Error(err)
		}
	}
}

// reaches waits until a metric has grown to n.
func (s *server) reaches(name string, n float64) error {
	return s.until(name, fmt.Sprintf("at least %v", n), func(got float64) bool { return got >= n })
}

// falls waits until a metric is down to n.
func (s *server) falls(name string, n float64) error {
	return s.until(name, fmt.Sprintf("at most %v", n), func(got float64) bool { return got <= n })
}

func (s *server) until(name, want string, ok func(float64) bool) error {
	return s.poll(patience, name, want, ok)
}

// within waits, for longer than usual, until a metric is down to n.
func (s *server) within(limit time.Duration, name string, n float64) error {
	return s.poll(limit, name, fmt.Sprintf("at most %v", n), func(got float64) bool { return got <= n })
}

func (s *server) poll(limit time.Duration, name, want string, ok func(float64) bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(limit); ; {
		got, err := s.metric(name)
		if err != nil || ok(got) {
			return err
		}
		select {
		case <-tick.C:
		case <-timeout:
			return fmt.Errorf("%s is still %v, want %s", name, got, want)
		}
	}
}

// metric reads one metric. Name may carry labels, as they are printed.
func (s *server) metric(name string) (float64, error) {
	lines, err := s.lines(name + " ")
	if err != nil {
		return 0, err
	}
	if len(lines) != 1 {
		return 0, fmt.Errorf("the server has %d metrics %s", len(lines), name)
	}
	return strconv.ParseFloat(lines[0][len(name)+1:], 64)
}

// lines reads the metrics that begin so.
func (s *server) lines(prefix string) (all []string, err error) {
	answer, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), prefix) {
			all = append(all, lines.Text())
		}
	}
	return all, lines.Err()
}
