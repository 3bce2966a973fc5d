// Package inbox is the receiver of a soak's webhooks: a real HTTP server that can
// be away or slow, and that knows what must come. Its methods may be called by any
// goroutine.
package inbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"fanfare/protocol/pusher/auth"
)

// Inbox is one. Channels and members must come and go in turn; a request may come
// again when its answer was late or lost.
type Inbox struct {
	// Addr is where it listens, HOST:PORT.
	Addr string

	signer *auth.Signer
	slow   time.Duration // that a sluggish one takes

	mu       sync.Mutex // guards all below
	server   *http.Server
	sluggish bool
	here     map[string]bool   // channels that are occupied, and members, by channel and user
	latest   map[string]string // by channel: the latest request's events, to know it again
	taken    int               // events
	again    int               // requests that came again
	wrong    []string          // the first few things that must not have come
	wrongs   int
}

// Open starts an inbox on the loopback, for the webhooks of the app that signs so.
// slow is how long a sluggish one takes to answer. Close is due.
func Open(signer *auth.Signer, slow time.Duration) (*Inbox, error) {
	b := &Inbox{signer: signer, slow: slow, here: map[string]bool{}, latest: map[string]string{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.Addr = l.Addr().String()
	b.serve(l)
	return b, nil
}

func (b *Inbox) serve(l net.Listener) {
	server := &http.Server{Handler: b, ReadHeaderTimeout: time.Minute}
	b.mu.Lock()
	b.server = server
	b.mu.Unlock()
	go func() { _ = server.Serve(l) }() // which ends when it is closed
}

// Close begins an outage: nobody listens any more. It is no failure to be closed.
func (b *Inbox) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.server.Close()
}

// Reopen ends an outage.
func (b *Inbox) Reopen() error {
	l, err := net.Listen("tcp", b.Addr)
	if err != nil {
		return fmt.Errorf("the webhooks' receiver cannot come back: %w", err)
	}
	b.serve(l)
	return nil
}

// Drag has every other request answered too late, or no longer.
func (b *Inbox) Drag(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sluggish = on
}

// ServeHTTP takes a request.
func (b *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // an outage began
	}
	if b.take(r.Header.Get("X-Pusher-Signature"), body) {
		late := time.NewTimer(b.slow)
		defer late.Stop()
		select {
		case <-late.C:
		case <-r.Context().Done():
		}
	}
	w.WriteHeader(http.StatusOK)
}

// take notes what a request tells. It reports whether the answer is to be late.
func (b *Inbox) take(signature string, body []byte) (late bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var p struct{ Events []json.RawMessage }
	if err := json.Unmarshal(body, &p); err != nil || signature != b.signer.Hex(body) {
		b.complainLocked("a request with the signature %q: %.100q", signature, body)
		return false
	}
	for _, e := range p.Events {
		b.noteLocked(e)
	}
	return b.sluggish && b.taken%2 == 0
}

func (b *Inbox) noteLocked(text json.RawMessage) {
	var e struct {
		Name, Channel string
		User          string `json:"user_id"`
	}
	if err := json.Unmarshal(text, &e); err != nil {
		b.complainLocked("no event: %.100q", text)
		return
	}
	what, came := e.Channel, false
	switch e.Name {
	case "channel_occupied", "member_added":
		came = true
	case "channel_vacated", "member_removed":
	default:
		b.complainLocked("nobody asked for %q", e.Name)
		return
	}
	if e.User != "" {
		what += " " + e.User
	}
	if b.latest[e.Channel] == string(text) {
		b.again++
		return
	}
	b.latest[e.Channel] = string(text)
	b.taken++
	if b.here[what] == came {
		b.complainLocked("%s of %s, which was so already", e.Name, what)
	}
	if came {
		b.here[what] = true
	} else {
		delete(b.here, what)
	}
}

func (b *Inbox) complainLocked(format string, args ...any) {
	const most = 5
	if b.wrongs++; len(b.wrong) < most {
		b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
	}
}

// Mail is what the inbox has got.
type Mail struct {
	Taken  int      `json:"events"`
	Again  int      `json:"again"`
	Here   int      `json:"still_here"` // channels and members that have come, and have not gone
	Wrongs int      `json:"wrongs"`
	Wrong  []string `json:"wrong,omitempty"`
}

// Mail returns what has come so far.
func (b *Inbox) Mail() Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Mail{b.taken, b.again, len(b.here), b.wrongs, b.wrong}
}

// String is the mail for people.
func (m Mail) String() string {
	return strconv.Itoa(m.Taken) + " events, " + strconv.Itoa(m.Again) + " of them again"
}
