package engine

import "slices"

// ledger is what a queue knows about frames whose rule may drop them or has
// limits of its own. It is empty until the socket takes no more, and where no
// such frames wait. Owned by the loop.
type ledger struct {
	accounts []account
	next     uint32 // no frame before it may be dropped
	topics   topics
}

// account is what waits under one rule.
type account struct {
	rule   *Rule
	frames int
	bytes  int    // of whole frames, sent parts included
	next   uint32 // no frame before it has the rule
}

// book counts a frame that waits at a position.
func (q *queue) book(position uint32, f *Frame) {
	a := q.account(f.rule)
	if a == nil {
		q.accounts = append(q.accounts, account{rule: f.rule, next: position})
		a = &q.accounts[len(q.accounts)-1]
	}
	a.frames++
	a.bytes += f.Len()
}

// unbook counts it no longer. A frame that was not booked does no harm.
func (q *queue) unbook(f *Frame) {
	if len(q.accounts) == 0 || !f.rule.counts() {
		return
	}
	i := slices.IndexFunc(q.accounts, func(a account) bool { return a.rule.is(f.rule) })
	if i < 0 {
		return
	}
	a := &q.accounts[i]
	a.frames--
	a.bytes -= f.Len()
	if a.frames == 0 {
		q.accounts = slices.Delete(q.accounts, i, i+1)
	}
}

// account finds a rule's account. It is good until the next booking.
func (q *queue) account(r *Rule) *account {
	for i := range q.accounts {
		if q.accounts[i].rule.is(r) {
			return &q.accounts[i]
		}
	}
	return nil
}

// restart makes every search begin at a position again.
func (q *queue) restart(position uint32) {
	q.next = position
	for i := range q.accounts {
		q.accounts[i].next = position
	}
}

// oldest finds the oldest frame, from a position that it moves on, that fits
// and is neither half sent nor the newest.
func (q *queue) oldest(from *uint32, fits func(*Rule) bool) (position uint32, ok bool) {
	if q.n < 2 {
		return 0, false
	}
	first, newest := q.whole(), q.end()-1
	if *from-first > newest-first {
		*from = first // it was left behind
	}
	for ; *from != newest; *from++ {
		if f := q.at(*from); f != nil && fits(f.rule) {
			return *from, true
		}
	}
	return 0, false
}
