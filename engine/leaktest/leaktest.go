// Package leaktest helps checks that a server has left no goroutine. It stands
// apart from the engine, which is not built everywhere that its users are.
package leaktest

import "go.uber.org/goleak"

// Idle names the goroutines that package ants keeps for a while, for checks that
// a server has left none: two housekeepers of gnet's pool, which live as long as
// the process, and a worker there that has hung a loop's bell and waits for ten
// seconds whether there is more to do. A pool of ours that leaked would show by
// its dispatcher.
func Idle() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreTopFunction("github.com/panjf2000/ants/v2.(*poolCommon).purgeStaleWorkers"),
		goleak.IgnoreTopFunction("github.com/panjf2000/ants/v2.(*poolCommon).ticktock"),
		goleak.IgnoreTopFunction("github.com/panjf2000/ants/v2.(*goWorker).run.func1"),
	}
}
