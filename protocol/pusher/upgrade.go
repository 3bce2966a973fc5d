package pusher

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"fanfare/channels/apps"
	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol"
	"fanfare/protocol/borrow"
	"fanfare/protocol/gate"
	"fanfare/protocol/pusher/tenant"
)

// Prefix is the path under which clients connect: /app/KEY.
const Prefix = "/app/"

const (
	minProtocol     = 4
	currentProtocol = 7
	maxVersionLen   = 64
)

// asked is what an upgrade asks for. Everything in it is borrowed from the
// request until clone.
type asked struct {
	key         string
	pathOK      bool
	protocol    string
	hasProtocol bool
	version     string
	origin      string
	caller      gate.Caller
}

func (a asked) clone() asked {
	a.key, a.protocol = strings.Clone(a.key), strings.Clone(a.protocol)
	a.version, a.origin = strings.Clone(a.version), strings.Clone(a.origin)
	return a
}

// size is about what a clone holds while it waits, its record included.
func (a *asked) size() int64 {
	const overhead = 256
	return int64(overhead + len(a.key) + len(a.protocol) + len(a.version) + len(a.origin))
}

// BodyLimit implements engine.Handler. Nothing here takes a body: one is read
// only to say so.
func (s *Server) BodyLimit(*http1.Request) int { return protocol.SpareBody }

// RefusePath refuses an upgrade on a path that is nobody's, in Pusher's words.
func (s *Server) RefusePath(c *engine.Conn, _ *http1.Request) {
	s.refuse(c, party{}, codePath, "path not found: connect to /app/KEY with your app's key")
}

// Request implements engine.Handler for the paths under Prefix.
func (s *Server) Request(c *engine.Conn, r *http1.Request) {
	if !r.Upgrade {
		c.Respond(notUpgrade(r))
		return
	}
	a := ask(r)
	if !a.pathOK {
		s.RefusePath(c, r)
		return
	}
	a.caller = s.cfg.Gate.Caller(c, r)
	switch app, answer := s.cfg.Apps.ByKey(a.key); answer {
	case apps.Found:
		s.admit(c, app, &a)
	case apps.Later:
		s.lookUp(c, a.clone())
	default:
		s.refuseUnknown(c, &a)
	}
}

// notUpgrade answers a request that asks for no WebSocket.
func notUpgrade(r *http1.Request) *http1.Response {
	no := &http1.Response{ContentType: "text/plain; charset=utf-8"}
	switch method := string(r.Method); {
	case method != "GET" && method != "HEAD":
		no.Status, no.Fields = 405, allowFields
		no.Body = fmt.Appendf(nil, "method %.20q is not for this path, where WebSocket connections begin with GET; events are published with POST /apps/ID/events\n", method)
	case r.Chunked || r.ContentLength > 0:
		no.Status = 400
		no.Body = []byte("no body is taken here: a WebSocket connection begins with a GET request that has none\n")
	default:
		no.Status, no.Fields = 426, upgradeFields
		no.Body = []byte("this path is for WebSocket connections: connect with a Pusher client, as in ws://HOST/app/KEY?protocol=7\n")
	}
	return no
}

var (
	allowFields   = []http1.Field{{Name: []byte("Allow"), Value: []byte("GET")}}
	upgradeFields = []http1.Field{{Name: []byte("Upgrade"), Value: []byte("websocket")}}
)

// ask reads what counts of a request: the key, two of the query's
// parameters, and the page's origin.
func ask(r *http1.Request) asked {
	a := asked{origin: borrow.String(r.Header("Origin"))}
	rest, ok := bytes.CutPrefix(r.Path, []byte(Prefix))
	if ok && len(rest) > 0 && bytes.IndexByte(rest, '/') < 0 {
		a.key, a.pathOK = unescaped(rest)
	}
	for query := r.Query; len(query) > 0; {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte{'&'})
		name, value, _ := bytes.Cut(pair, []byte{'='})
		switch string(name) {
		case "protocol":
			a.protocol, _ = unescaped(value)
			a.hasProtocol = true
		case "version":
			a.version = orRaw(value)
		}
	}
	return a
}

// unescaped decodes percent-encoding, which hardly anybody uses here.
func unescaped(b []byte) (string, bool) {
	if bytes.IndexByte(b, '%') < 0 {
		return borrow.String(b), true
	}
	s, err := http1.UnescapePath(b)
	return s, err == nil
}

// orRaw leaves what can't be decoded as it is: it is malformed then too.
func orRaw(b []byte) string {
	if s, ok := unescaped(b); ok {
		return s
	}
	return borrow.String(b)
}

// admit judges an upgrade to a known app, always in the same order: enabled,
// TLS, protocol and version, origin, capacity, limits of the caller, and quota.
func (s *Server) admit(c *engine.Conn, app *apps.App, a *asked) {
	t := s.homes[c.Loop().Index()].tenants.Of(app)
	version, no := judge(app, a)
	var seat *gate.Seat
	if no == nil {
		seat, no = s.room(c, t, a)
	}
	if no != nil {
		t.Live.Refuse(no.why)
		s.refuse(c, party{app.ID, a.caller.Addr}, no.code, no.text)
		return
	}
	s.open(c, t, version, seat, a)
}

// room finds what a connection may lack: a place on the node, one of its
// address's, and one of the app's. Both of the latter are to be given back, with
// Seat.Leave and Live.Release.
func (s *Server) room(c *engine.Conn, t *tenant.Tenant, a *asked) (*gate.Seat, *denial) {
	if c.Surplus() {
		return nil, &denial{codeCapacity, apps.RefusedCapacity, textFull}
	}
	seat, err := s.cfg.Gate.Enter(a.caller.Addr)
	if err != nil {
		return nil, turnedAway(err)
	}
	if limit := t.App.MaxConnections; !t.App.AuthorizedConnections && !t.Live.Acquire(limit) {
		seat.Leave()
		return nil, &denial{codeQuota, apps.RefusedQuota, textQuota(limit)}
	}
	return seat, nil
}

// turnedAway makes a denial of the gate's refusal.
func turnedAway(err error) *denial {
	no := &denial{codeCapacity, apps.RefusedRate, err.Error()}
	if r, ok := errors.AsType[*gate.Refusal](err); ok && r.Reason == gate.TooManyOfAddress {
		no.why = apps.RefusedCapacity
	}
	return no
}

// denial is why an upgrade is refused.
type denial struct {
	code uint16
	why  apps.Refusal
	text string
}

func judge(app *apps.App, a *asked) (version uint8, no *denial) {
	if !app.Enabled {
		return 0, &denial{codeDisabled, apps.RefusedDisabled, "app is disabled"}
	}
	if app.TLSOnly && !a.caller.TLS {
		return 0, &denial{codeTLS, apps.RefusedTLS, "app takes TLS connections only: connect with wss:// (pusher-js: forceTLS: true)"}
	}
	if version, no = judgeProtocol(app, a); no != nil {
		return 0, no
	}
	if !validVersion(a.version) {
		return 0, &denial{codeVersion, apps.RefusedProtocol, "invalid version: use up to 64 letters, digits, '.', '-', '+' and '_', as in version=8.6.0"}
	}
	if !app.OriginAllowed(a.origin) {
		return 0, &denial{codeUnauthorized, apps.RefusedOrigin, "origin " + clip(a.origin) + " is not among the app's allowed origins"}
	}
	return version, nil
}

func judgeProtocol(app *apps.App, a *asked) (uint8, *denial) {
	if !a.hasProtocol {
		if !app.StrictProtocol {
			return currentProtocol, nil
		}
		return 0, &denial{codeNoProtocol, apps.RefusedProtocol, "no protocol version: add protocol=7 to the query"}
	}
	n, err := strconv.ParseUint(a.protocol, 10, 8)
	if err != nil || n < minProtocol || n > currentProtocol {
		return 0, &denial{codeProtocol, apps.RefusedProtocol, fmt.Sprintf("unsupported protocol version %q: use protocol=7 (4 to 7 are supported)", clip(a.protocol))}
	}
	return uint8(n), nil
}

// validVersion judges the client library's version; none is fine.
func validVersion(v string) bool {
	if len(v) > maxVersionLen {
		return false
	}
	for i := range len(v) {
		c := v[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte(".-+_", c) < 0 {
			return false
		}
	}
	return true
}

func (s *Server) refuseUnknown(c *engine.Conn, a *asked) {
	s.refuse(c, party{client: a.caller.Addr}, codeUnknownApp, fmt.Sprintf("app key %q is not known here; check the key and the host", clip(a.key)))
}

// open makes the session of an admitted upgrade. 101 and hello leave together.
func (s *Server) open(c *engine.Conn, t *tenant.Tenant, version uint8, seat *gate.Seat, a *asked) {
	h := s.homes[c.Loop().Index()]
	ss := &session{home: h, tenant: t, seat: seat}
	ss.Version, ss.Counts = version, !t.App.AuthorizedConnections
	if err := c.Upgrade(ss); err != nil {
		ss.release()
		seat.Leave()
		h.counters.badHandshakes.Add(1)
		return
	}
	ss.Handle, ss.Seen = c.Handle(), uint32(c.Loop().Now().Unix())
	ss.ID = s.cfg.IDs.Add(ss.Handle)
	h.counters.open.Add(1)
	h.counters.opened.Add(1)
	ss.logOpened(c, a)
	timeout := ss.activitySeconds()
	c.SetIdle(timeout)
	c.SetMaxMessage(t.App.Limits.MessageSize)
	if !ss.Counts {
		ss.probation(c, 0)
	}
	ss.reply(c, h.text(func(dst []byte) []byte { return appendHello(dst, ss.ID, timeout) }))
}
