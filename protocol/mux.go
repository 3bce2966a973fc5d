package protocol

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"

	"fanfare/engine"
	"fanfare/engine/http1"
)

// Phase is what the node says about itself on /ready.
type Phase int32

// The phases of a node's life.
const (
	Starting Phase = iota
	Ready
	Draining
)

// String names the phase as /ready answers it.
func (p Phase) String() string {
	switch p {
	case Starting:
		return "starting"
	case Ready:
		return "ready"
	case Draining:
		return "draining"
	}
	return "unknown"
}

// Mux is the engine's handler: it finds the protocol for a request by its
// path, and answers the health paths /, /up and /ready itself. It is made
// before the loops run; only the phase may change then.
type Mux struct {
	prefix   string // before every path, such as "/ws"; "" for none
	routes   []route
	upgrades func(*engine.Conn, *http1.Request) // refuses upgrades on unknown paths; may be nil
	acme     engine.Handler                     // of challenges; may be nil
	phase    atomic.Int32
}

type route struct {
	prefix  string
	what    string // said to those who ask for a path that isn't there
	handler engine.Handler
}

// NewMux makes a Mux whose paths all begin with prefix, "" for none: what a
// proxy in front doesn't strip. A missing slash before it or one too many
// after it is mended.
func NewMux(prefix string) *Mux {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix = "/" + prefix
	}
	return &Mux{prefix: prefix}
}

// Handle gives all paths that begin with prefix, such as "/apps/", to h. what
// says in a word what is found there. The first match wins.
func (m *Mux) Handle(prefix, what string, h engine.Handler) {
	m.routes = append(m.routes, route{prefix: prefix, what: what, handler: h})
}

// RefuseUpgrades gives WebSocket upgrades on unknown paths to refuse, which
// tells the client in a protocol's words: a browser hides an HTTP status.
func (m *Mux) RefuseUpgrades(refuse func(*engine.Conn, *http1.Request)) { m.upgrades = refuse }

// HandleChallenges gives paths below ChallengePath to h, which no prefix stands before: a certificate
// authority does not know it.
func (m *Mux) HandleChallenges(h engine.Handler) { m.acme = h }

// ChallengePath is what a certificate authority asks for (RFC 8555 section 8.3).
const ChallengePath = "/.well-known/acme-challenge/"

// SetPhase changes what /ready answers. Any goroutine.
func (m *Mux) SetPhase(p Phase) { m.phase.Store(int32(p)) }

// Phase is what SetPhase was last told. Any goroutine.
func (m *Mux) Phase() Phase { return Phase(m.phase.Load()) }

// Request implements engine.Handler. The protocols see r.Path without the
// prefix; r.Target stays as it was sent.
func (m *Mux) Request(c *engine.Conn, r *http1.Request) {
	if m.acme != nil && bytes.HasPrefix(r.Path, []byte(ChallengePath)) {
		m.acme.Request(c, r)
		return
	}
	path, ok := m.strip(r.Path)
	if !ok {
		m.unknown(c, r, "")
		return
	}
	r.Path = path
	if h := m.find(path); h != nil {
		h.Request(c, r)
		return
	}
	if m.health(c, r) {
		return
	}
	m.unknown(c, r, m.lacks(path))
}

// SpareBody is how large a body may come where none is taken, in bytes: it is
// read to be told so.
const SpareBody = 16 << 10

// BodyLimit implements engine.Handler.
func (m *Mux) BodyLimit(r *http1.Request) int {
	path, ok := m.strip(r.Path)
	if !ok {
		return SpareBody
	}
	if h := m.find(path); h != nil {
		whole := r.Path
		r.Path = path
		defer func() { r.Path = whole }()
		return h.BodyLimit(r)
	}
	return SpareBody
}

func (m *Mux) strip(path []byte) ([]byte, bool) {
	n := len(m.prefix)
	switch {
	case n == 0:
		return path, true
	case len(path) < n || string(path[:n]) != m.prefix:
		return nil, false
	case len(path) == n:
		return rootPath, true
	}
	return path[n:], path[n] == '/'
}

var rootPath = []byte{'/'}

func (m *Mux) find(path []byte) engine.Handler {
	for i := range m.routes {
		if p := m.routes[i].prefix; len(path) >= len(p) && string(path[:len(p)]) == p {
			return m.routes[i].handler
		}
	}
	return nil
}

var (
	allowGet = []http1.Field{{Name: []byte("Allow"), Value: []byte("GET, HEAD")}}
	noStore  = []http1.Field{{Name: []byte("Cache-Control"), Value: []byte("no-store")}}
)

const (
	plainText = "text/plain; charset=utf-8"
	jsonText  = "application/json"
)

// health answers the paths that load balancers and people look at first. An
// upgrade is not for them.
func (m *Mux) health(c *engine.Conn, r *http1.Request) bool {
	answer := http1.Response{Status: 200, ContentType: plainText, Fields: noStore}
	switch string(r.Path) {
	case "/":
		answer.Body = []byte("OK\n")
	case "/up":
		answer.ContentType, answer.Body = jsonText, []byte(`{"health":"OK"}`)
	case "/ready":
		m.ready(&answer)
	default:
		return false
	}
	if r.Upgrade {
		return false
	}
	if method := string(r.Method); method != "GET" && method != "HEAD" {
		answer = http1.Response{
			Status: 405, ContentType: plainText, Fields: allowGet,
			Body: []byte("this path is for GET\n"),
		}
	}
	c.Respond(&answer)
	return true
}

func (m *Mux) ready(answer *http1.Response) {
	phase := m.Phase()
	if phase != Ready {
		answer.Status = 503
	}
	answer.Body = []byte(phase.String() + "\n")
}

// unknown says which paths there are, after a hint.
func (m *Mux) unknown(c *engine.Conn, r *http1.Request, hint string) {
	if r.Upgrade && m.upgrades != nil {
		m.upgrades(c, r)
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "nothing is served at %.100q%s; there is\n", r.Path, hint)
	for _, route := range m.routes {
		fmt.Fprintf(&b, "  %s%s...  %s\n", m.prefix, route.prefix, route.what)
	}
	fmt.Fprintf(&b, "  %s/  %[1]s/up  %[1]s/ready  health\n", m.prefix)
	c.Respond(&http1.Response{Status: 404, ContentType: plainText, Body: b.Bytes()})
}

// lacks is the hint for a path that ends just where a protocol's prefix has a
// slash.
func (m *Mux) lacks(path []byte) string {
	for _, route := range m.routes {
		if route.prefix == string(path)+"/" {
			return ": it lacks a slash and what follows it"
		}
	}
	return ""
}
