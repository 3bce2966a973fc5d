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
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); ; {
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
	answer, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("the server has no metric %s", name)
}
