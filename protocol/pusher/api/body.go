package api

import (
	"errors"

	"fanfare/channels/apps"
	"fanfare/engine/http1"
	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/pusher/tenant"
)

// strangersBody is the largest body in bytes that is kept for somebody who has
// not signed, and for requests that need none.
const strangersBody = 64 << 10

// BodyLimit implements engine.Handler. Up to 64 KiB are kept for anybody, so
// that a mistake is answered by what it is. More is only kept for publishing,
// up to the app's request_size, and only when the query is signed: nobody else
// makes the server hold megabytes. While the store has yet to look the app up,
// its default goes; see apps.Limits.
func (s *Server) BodyLimit(r *http1.Request) int {
	if !r.Chunked && r.ContentLength <= strangersBody {
		return strangersBody
	}
	q, no := read(r)
	if no != nil || !q.endpoint.bodied {
		return strangersBody
	}
	app, answer := s.cfg.Apps.ByID(q.id)
	switch {
	case answer == apps.Later:
		return apps.GenerousLimits().RequestSize
	case answer == apps.Found && s.signedHead(app, &q):
		return max(app.Limits.RequestSize, strangersBody)
	}
	return strangersBody
}

// signedHead tells whether the query of a request without its body is signed.
// The signature covers the body through body_md5, which is checked last.
func (s *Server) signedHead(app *apps.App, q *request) bool {
	var paths [2]string
	_, err := q.verify(tenant.NewKeys(app), nil, &paths, s.cfg.Now())
	if err == nil {
		return true
	}
	_, signed := errors.AsType[*auth.BodyError](err)
	return signed
}
