package private

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// guard judges requests before anybody serves them, and bounds the time that
// an answer takes.
type guard struct {
	next  http.Handler
	host  string
	token [sha256.Size]byte // its hash: a comparison takes the same time for any guess
	asks  bool              // a token is asked for
}

func newGuard(cfg *Config, next http.Handler) *guard {
	return &guard{next: next, host: strings.Trim(cfg.Host, "[]"), token: sha256.Sum256([]byte(cfg.Token)), asks: cfg.Token != ""}
}

// ServeHTTP implements http.Handler.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	allowAnswer(w, 0)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	if no := g.judge(r); no != nil {
		no.answer(w)
		return
	}
	g.next.ServeHTTP(w, r)
}

// allowAnswer gives the answer its usual time, and as much more as making it
// takes.
func allowAnswer(w http.ResponseWriter, more time.Duration) {
	// An error means a connection that has no deadlines; then there is nothing to bound.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime + more))
}

// refusal is why a request is not served, and what would help.
type refusal struct {
	status int
	text   string
}

func (no *refusal) answer(w http.ResponseWriter) {
	if no.status == http.StatusUnauthorized {
		w.Header().Add("WWW-Authenticate", `Bearer realm="fanfare"`)
		w.Header().Add("WWW-Authenticate", `Basic realm="fanfare", charset="UTF-8"`)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(no.status)
	_, _ = fmt.Fprintln(w, no.text)
}

func (g *guard) judge(r *http.Request) *refusal {
	deep := strings.HasPrefix(r.URL.Path, "/debug/")
	switch local := overLoopback(r); {
	case g.asks && !g.knows(r):
		return &refusal{http.StatusUnauthorized, "this port asks for metrics.token: as a bearer token, or as a password with any name"}
	case !g.asks && local && !g.knownHost(r.Host): // whatever else it says: a page may set most headers, but not this one
		return &refusal{http.StatusMisdirectedRequest, "host names lead here that are not ours: ask with an IP address or localhost, or set metrics.token"}
	case !g.asks && deep && (!local || handedOn(r)):
		return &refusal{http.StatusForbidden, "profiles and traces are for this machine only: set metrics.token in the configuration to ask for them from elsewhere"}
	case deep && foreign(r):
		return &refusal{http.StatusForbidden, "pages of other sites may not ask for this: open it from the address bar"}
	}
	return nil
}

// knows tells whether a request has the token.
func (g *guard) knows(r *http.Request) bool {
	_, given, basic := r.BasicAuth()
	if !basic {
		scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return false
		}
		given = strings.Trim(rest, " ")
	}
	hash := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(hash[:], g.token[:]) == 1
}

// proxyHeaders are set by proxies: whoever asks is not at the other end.
var proxyHeaders = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via"}

// handedOn tells whether a request comes by a proxy.
func handedOn(r *http.Request) bool {
	for _, name := range proxyHeaders {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// overLoopback tells whether a program on this machine asks: for somebody here,
// or, if that is a proxy, for somebody anywhere.
func overLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && loopback(local.String()) && loopback(r.RemoteAddr)
}

func loopback(addr string) bool {
	a, err := netip.ParseAddrPort(addr)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// knownHost tells whether a Host header is one that no foreign page can have.
func (g *guard) knownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return strings.EqualFold(host, "localhost") || strings.EqualFold(host, g.host)
}

// foreign tells whether a browser asks because a page of another site has it
// do so. Programs send neither header.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return true
	}
	origin := r.Header.Get("Origin")
	return origin != "" && origin != "http://"+r.Host && origin != "https://"+r.Host
}
