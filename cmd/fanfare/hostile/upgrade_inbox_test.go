//go:build e2e && linux

package hostile

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// inbox is the receiver of a convoy's webhooks. Each event may come once, those of each traveller in the order in which it said
// them.
type inbox struct {
	addr string

	mu        sync.Mutex
	said      map[string]int // guarded by mu: by who said it
	occasions map[string]int // guarded by mu: all other events, by "name channel"
	wrong     error          // guarded by mu: the first that must not have come
}

func newInbox(t *testing.T) *inbox {
	b := &inbox{said: map[string]int{}, occasions: map[string]int{}}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	b.addr = s.Listener.Addr().String()
	return b
}

func (b *inbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var told struct {
		Events []struct{ Name, Channel, Data string }
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &told) != nil {
		return // its sender was killed
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range told.Events {
		if e.Name != "client_event" {
			b.occasions[e.Name+" "+e.Channel]++
			continue
		}
		who, text, _ := strings.Cut(e.Data, ":")
		if n, err := strconv.Atoi(text); (err != nil || n != b.said[who]) && b.wrong == nil {
			b.wrong = fmt.Errorf("a webhook told of %s when %d of %s was due", e.Data, b.said[who], who)
		}
		b.said[who]++
	}
}

// missing is nil when webhooks have told of all that was said, and that members came, and of nothing else.
func (b *inbox) missing(said, occasions map[string]int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wrong != nil {
		return wrong{b.wrong}
	}
	for what, n := range b.occasions {
		if n > occasions[what] {
			return wrong{fmt.Errorf("webhooks told %d times of %s, want %d", n, what, occasions[what])}
		}
	}
	if !maps.Equal(b.occasions, occasions) {
		return fmt.Errorf("webhooks told of %v, want %v", b.occasions, occasions)
	}
	for who, n := range said {
		if b.said[who] != n {
			return fmt.Errorf("webhooks told of %d of the %d whispers of traveller %s", b.said[who], n, who)
		}
	}
	return nil
}
