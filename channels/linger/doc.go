// Package linger smooths things that begin and end: an end is told only after
// a delay, and a beginning within the delay takes it back, so that whoever
// reloads a page was never away.
//
// A [Set] has memory only for keys that are in their delay: it does not know
// what is on. The caller, who counts, calls [Set.Begin] and [Set.End] on the
// edges from none to one and from one to none. All methods may be called by
// any goroutine and never wait for anything but a short lock. No goroutine
// runs and no timer is armed while no key is in its delay.
//
// A set can hand its keys over to one in another process: [Set.Pause],
// [Set.Export] here, [Set.Import] there.
package linger
