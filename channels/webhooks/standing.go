package webhooks

import "time"

// slowAfter is how long a request may take, to the end of the answer, for its
// endpoint to be quick. Most receivers answer in a tenth of it.
const slowAfter = 2 * time.Second

// standing is what an endpoint's last request says about the next. The higher,
// the worse.
type standing int32

const (
	quick    standing = iota // it was answered with a 2xx, and soon
	unproven                 // there was none yet
	slow                     // it was answered with a 2xx after slowAfter
	failing                  // it failed
	standings
)

// admission is what endpoints of a standing need for a request.
type admission struct {
	places *places
	keep   int  // see claim
	alone  bool // one of the endpoint's lanes at a time
}

// admissions shares out the places. What takes long has places of its own, so
// that it is waited for by its like only; failing endpoints do not hold up slow
// ones, which deliver. An endpoint that nothing is known of is with the quick
// ones, or it would wait for a failing one's time-out before its first event;
// but many of them leave most places free, since each may turn out to hang.
func admissions(requests int, quit <-chan struct{}) [standings]admission {
	quarter := max(requests/4, 1)
	soon := newPlaces(max(requests-2*quarter, 1), quit)
	return [standings]admission{
		quick:    {places: soon, keep: 1},
		unproven: {places: soon, keep: 16, alone: true},
		slow:     {places: newPlaces(quarter, quit), keep: 1},
		failing:  {places: newPlaces(quarter, quit), keep: 4, alone: true},
	}
}

// admit waits until the endpoint may make a request, and returns how to say that
// it is over. It returns false when Hooks are being closed.
func (ep *endpoint) admit() (leave func(), ok bool) {
	is := ep.stands()
	a := &ep.hooks.admissions[is]
	release := func() {}
	if a.alone {
		select {
		case ep.alone <- struct{}{}:
			release = func() { <-ep.alone }
		case <-ep.hooks.ctx.Done():
			return nil, false
		}
	}
	if ep.stands() < is { // it got better while this lane stood in line
		release()
		return ep.admit()
	}
	mine := claim{app: ep.app, keep: a.keep}
	if !a.places.enter(mine) {
		release()
		return nil, false
	}
	leave = func() { a.places.leave(mine); release() }
	if ep.stands() > is { // it got worse: the place is for others
		leave()
		return ep.admit()
	}
	return leave, true
}

func (ep *endpoint) stands() standing { return standing(ep.standing.Load()) }

// proven notes how a request went, and returns how the endpoint stood before.
func (ep *endpoint) proven(s standing) (before standing) {
	return standing(ep.standing.Swap(int32(s)))
}
