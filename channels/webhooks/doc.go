// Package webhooks tells applications by HTTP what happens on their channels,
// as Pusher Channels does.
//
// # The way of an event
//
//  1. Something happens on a channel. [Hooks.Witness] (or ClientEvent, or
//     CacheMiss) is called, on an event loop, with the channel's lock held: it
//     looks whether the app has a webhook for such a thing, which for most apps
//     is all it does, and puts a record into the handover. What ends lingers
//     first for 3 s (package linger), and comes to nothing if it begins again.
//  2. The desk, one goroutine, takes the records in order, encodes each once,
//     and puts it into the queue of every endpoint that wants it. An endpoint is
//     one webhook of one app.
//  3. An endpoint's queue is split into lanes by the channel's name. A lane has
//     one request under way at most, and what failed stays at its head: so order
//     per channel holds, also across retries, and so an event that its receiver
//     chokes on holds up its lane only. Goroutines run for lanes that have events.
//  4. Any 2xx is success. Everything else is tried again, after 1 s and then after
//     growing delays with jitter; when an attempt fails, what is older than
//     [Config.RetryFor] is dropped. An endpoint that works and is merely behind
//     loses nothing to age.
//
// An app whose endpoints are slow, or hang, holds up no other: the requests that
// may be under way are shared out among apps, and those of quick, slow and
// failing endpoints do not wait for each other. See [Config.Requests].
//
// The signature covers exactly the bytes sent, and is made for each attempt with
// the secret that the app has then.
//
// # What is kept
//
// Every queue has a bound. What does not fit pushes out the oldest (but for what
// is in a request right now), and every drop has a reason that is counted and
// logged. See [Drop].
//
// With [Config.Dir] the queues are also written to a bbolt database, in one
// commit for all that came within 50 ms. What is delivered before its commit is
// due is never written: an endpoint that works costs hardly any disk. What was
// committed survives a kill -9 or a power cut and is sent at the next start.
// Delivery is then at least once: an event whose receiver had answered may come
// again when the process died before that was committed. Ends in their 3 s are
// committed too, and their delay starts anew at the next start, so that a client
// that comes back to a restarted server was not away. What is not kept is which
// channels were occupied: after a kill (not after a stop) channels that nobody
// comes back to are never told as vacated.
//
// # Handing over
//
// Another process can take over without anybody noticing: [Hooks.Suspend], and
// [Hooks.Export] when nothing is witnessed any more, in the one; in the other,
// whose [Config.Held] is set, [Hooks.Import] and, when it is certain that it
// takes over, [Hooks.Resume]. Then the first is closed and leaves all to it. If
// it comes to nothing the first is resumed and the other closed. Nothing is lost
// or sent twice either way, order per channel holds, and what waits, be it for a
// batch, another attempt, its app's record or the end of its 3 s, waits for as
// long as it would have. What is witnessed in the new process must be a
// continuation: a channel that stays occupied is not told again.
//
// Both may have the same Dir, or another each, or none. The file in a folder that
// the new process does not use keeps what it had, though it has been taken over:
// the log says so, and it should be deleted. Counters start at 0.
//
// # Whom we talk to
//
// URLs come from tenants, so an address that is not on the public internet is
// refused when it is dialled, unless [Config.AllowPrivate] or the webhook's own
// PrivateTargets allows it: see [Config]. Redirects are not followed.
//
// # Goroutines
//
// The desk; the journal's, with Config.Dir; one for each lane that has events;
// one for each app whose record has to be waited for; and those of net/http for
// connections. All are gone when [Hooks.Close] has returned.
package webhooks
