package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// checkLimit is how long one check may take, unless -timeout or the check
// itself says otherwise.
const checkLimit = 60 * time.Second

// pollEvery is the pace at which a check looks at state that it can only see
// by asking (see [T.eventually]).
const pollEvery = 20 * time.Millisecond

type verdict string

const (
	pass  verdict = "pass"
	fail  verdict = "fail"
	later verdict = "later"
)

// T is what a check gets: its target, its failure, its clean-up. Its methods
// may be called only from the goroutine of the check.
type T struct {
	*target
	id       string
	base     context.Context // of the whole run
	ctx      context.Context // ends at limit
	limit    time.Duration   // of this check; the target's unless the check asks for more
	cleanups []func()
	notes    []string
	names    int
	unclean  error // of a server of the check's own that did not end well
}

// stopped unwinds a check; verdict and reason say why.
type stopped struct {
	verdict verdict
	reason  string
}

// result is the outcome of one statement.
type result struct {
	verdict verdict
	detail  string // why it failed, what was left out
}

// runCheck runs one check to its end and closes all that it opened. A panic in
// a check is a failure with its stack, and ends nothing else.
func runCheck(ctx context.Context, tg *target, id string, check func(*T)) (r result) {
	t := &T{target: tg, id: id, base: ctx, limit: tg.limit}
	limited, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	t.ctx = limited
	defer func() {
		t.cleanup()
		r = t.outcome(recover())
		if r.verdict == pass && t.unclean != nil {
			r = result{fail, t.unclean.Error()}
		}
	}()
	check(t)
	return result{}
}

func (t *T) outcome(panicked any) result {
	switch p := panicked.(type) {
	case nil:
		return result{pass, strings.Join(t.notes, "; ")}
	case stopped:
		return result{p.verdict, p.reason}
	default:
		return result{fail, fmt.Sprintf("the check panicked: %v\n%s", p, debug.Stack())}
	}
}

func (t *T) cleanup() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
}

// closeLater has f called when the check has ended, whichever way.
func (t *T) closeLater(f func()) { t.cleanups = append(t.cleanups, f) }

// fatalf ends the check: the statement does not hold.
func (t *T) fatalf(format string, args ...any) {
	panic(stopped{fail, fmt.Sprintf(format, args...)})
}

// check ends the check when err is not nil.
func (t *T) check(err error, doing string) {
	if isTimeout(err) {
		t.fatalf("nothing came within %v: cannot %s", t.limit, doing)
	}
	if err != nil {
		t.fatalf("cannot %s: %v", doing, err)
	}
}

// notHere ends the check without a verdict: this target can't be put to it.
func (t *T) notHere(reason string) { panic(stopped{later, reason}) }

// note adds to the detail of a statement that passes.
func (t *T) note(text string) { t.notes = append(t.notes, text) }

// runTag keeps the names of this run apart from those of runs before it on the
// same server.
var runTag = fmt.Sprintf("%06x", rand.Uint32N(1<<24))

// name returns a channel name with the given prefix that nothing else uses.
func (t *T) name(prefix string) string {
	t.names++
	return fmt.Sprintf("%s%s-%s-%d", prefix, t.id, runTag, t.names)
}

// eventually polls until ok holds. It is for state that no event announces.
func (t *T) eventually(what string, ok func() bool) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-t.ctx.Done():
			t.fatalf("not so within %v: %s", t.limit, what)
		}
	}
}

// parallel runs f for 0..n-1 at once and fails the check when one fails.
// Each call gets a T of its own, whose connections live as long as t's.
func (t *T) parallel(n int, f func(t *T, i int)) {
	failures := make([]any, n)
	branches := make([]*T, n)
	var wg sync.WaitGroup
	for i := range n {
		branch := *t
		branch.id, branch.cleanups, branch.notes = fmt.Sprintf("%s-%d", t.id, i), nil, nil
		branches[i] = &branch
		wg.Go(func() {
			defer func() { failures[i] = recover() }()
			f(&branch, i)
		})
	}
	wg.Wait()
	for _, b := range branches {
		t.cleanups = append(t.cleanups, b.cleanups...)
	}
	for _, p := range failures {
		if p != nil {
			panic(p)
		}
	}
}
