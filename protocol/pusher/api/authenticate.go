package api

import (
	"errors"
	"time"

	"fanfare/channels/apps"
	"fanfare/protocol/pusher/auth"
	"fanfare/protocol/pusher/tenant"
)

// authenticate checks the signature, and only then whether the app is served:
// a stranger doesn't learn that it is disabled.
func (k *call) authenticate() *refusal {
	if no := k.checkSignature(); no != nil {
		return no
	}
	k.Counters.Requests.Add(1)
	k.Counters.RequestBytes.Add(uint64(len(k.body)))
	k.home.answering = k.Counters
	if !k.App.Enabled {
		return &refusal{status: 403, why: apps.RefusedDisabled, text: "app is disabled"}
	}
	if limit := k.App.Limits.RequestSize; len(k.body) > limit {
		return refusef(413, apps.RefusedSize, "request body has %d bytes: at most %d are allowed", len(k.body), limit)
	}
	return nil
}

func (k *call) checkSignature() *refusal {
	h := k.home
	var err error
	h.params, err = k.verify(k.Keys, h.params[:0], &h.paths, h.server.cfg.Now())
	if err == nil {
		return nil
	}
	if _, unread := errors.AsType[queryError](err); unread {
		return &refusal{status: 400, why: apps.RefusedMalformed, text: err.Error()}
	}
	return &refusal{status: 401, why: apps.RefusedSignature, text: err.Error(), known: fault(err)}
}

// fault says what is wrong with a signature without what was signed, or with
// what.
func fault(err error) string {
	if _, ok := errors.AsType[*auth.BodyError](err); ok {
		return "body_md5 is not that of the body"
	}
	if e, ok := errors.AsType[*auth.RequestSignatureError](err); ok {
		if e.Missing {
			return "auth_signature is missing"
		}
		return "auth_signature is not what the secret gives"
	}
	return err.Error() // a constant, or two times
}

// queryError means that a query can't be read, so that nothing can be said about
// its signature.
type queryError struct{ error }

// verify appends the query's parameters to params and checks the signature.
// Libraries sign the path as they build it, without the configured prefix or
// with it. paths is room for those.
func (q *request) verify(keys *tenant.Keys, params []auth.Param, paths *[2]string, now time.Time) ([]auth.Param, error) {
	params, err := auth.AppendQuery(params, q.query)
	if err != nil {
		return params, queryError{err}
	}
	*paths = [2]string{q.path, q.whole}
	n := 2
	if q.whole == q.path {
		n = 1
	}
	return params, keys.CheckRequest(&auth.Request{Method: q.method, Paths: paths[:n], Params: params, Body: q.body}, now)
}
