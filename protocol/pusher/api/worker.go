package api

import (
	"fanfare/channels/apps"
	"fanfare/engine"
)

// onWorker parks the request and has a worker make the answer. ask must not use
// anything that is borrowed.
func (k *call) onWorker(ask func() []byte) *refusal {
	l := k.conn.Loop()
	a := &workedOut{home: k.home, counters: k.Counters, asker: asker{k.tag.kept(), k.App.ID}, handle: k.conn.Handle()}
	job := func() {
		defer l.Post(a) // also when ask panics
		a.body = ask()
	}
	if k.home.server.cfg.Submit(job) != nil {
		return errWorkers
	}
	k.conn.Park()
	return nil
}

// workedOut brings a worker's answer back to the loop on which a request waits
// for it.
type workedOut struct {
	home     *home
	counters *apps.Counters
	asker    asker
	handle   engine.Handle
	body     []byte // nil when the worker panicked
}

// Run implements engine.Task.
func (a *workedOut) Run(l *engine.Loop) {
	c := l.Conn(a.handle)
	a.home.answering = a.counters
	defer func() { a.home.answering = nil }()
	switch {
	case c == nil || !c.Parked():
	case a.body == nil:
		a.home.refuse(c, a.asker, errWorkerLost)
	default:
		a.home.ok(c, a.asker.id, a.body)
	}
}
