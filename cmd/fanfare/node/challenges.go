//go:build unix

package node

import (
	"fanfare/engine"
	"fanfare/engine/http1"
	"fanfare/protocol"
)

// challenges answers a certificate authority that wants to see that a name leads
// here (RFC 8555 section 8.3).
type challenges struct {
	certs interface {
		ChallengeResponse(path string) (string, bool)
	}
	submit func(job func()) error
}

// BodyLimit implements engine.Handler.
func (*challenges) BodyLimit(*http1.Request) int { return protocol.SpareBody }

// Request implements engine.Handler. A worker looks: nodes that share a folder
// answer for each other.
func (s *challenges) Request(c *engine.Conn, r *http1.Request) {
	c.Park()
	h, l, path := c.Handle(), c.Loop(), string(r.Path)
	err := s.submit(func() {
		answer, ok := s.certs.ChallengeResponse(path)
		l.Post(engine.TaskFunc(func(l *engine.Loop) { respondChallenge(l.Conn(h), answer, ok) }))
	})
	if err != nil {
		c.Respond(&http1.Response{Status: 503, ContentType: "text/plain", Body: []byte(err.Error() + "\n")})
	}
}

func respondChallenge(c *engine.Conn, answer string, ok bool) {
	switch {
	case c == nil:
	case ok:
		c.Respond(&http1.Response{Status: 200, ContentType: "application/octet-stream", Body: []byte(answer)})
	default:
		c.Respond(&http1.Response{Status: 404, ContentType: "text/plain", Body: []byte("no certificate is being asked for with this token\n")})
	}
}
