package pusher

import (
	"slices"

	"fanfare/engine"
	"fanfare/protocol"
	"fanfare/protocol/pusher/names"
	"fanfare/protocol/strictjson"
)

// messages are the commands that were received and not carried out, oldest
// first.
func (w *wait) messages() []string {
	var all []string
	if w.job != nil {
		all = appendWants(all, w.job.wants)
	}
	all = appendWants(all, w.wants)
	for at := w.next; at < len(w.backlog); {
		rest := wait{backlog: w.backlog, next: at}
		text, next := rest.oldest()
		all = append(all, string(text))
		at = next
	}
	return all
}

func appendWants(all []string, wants []want) []string {
	for i := range wants {
		all = append(all, wants[i].message())
	}
	return all
}

// message is the command as a client would send it.
func (w *want) message() string {
	if w.user {
		b := []byte(`{"event":"pusher:signin","data":{"auth":`)
		b = strictjson.AppendString(b, w.auth)
		b = append(b, `,"user_data":`...)
		b = strictjson.AppendString(b, w.data)
		return string(append(b, "}}"...))
	}
	b := []byte(`{"event":"pusher:subscribe","data":{"channel":`)
	b = strictjson.AppendString(b, w.channel)
	b = append(b, `,"auth":`...)
	b = strictjson.AppendString(b, w.auth)
	if w.hasData {
		b = append(b, `,"channel_data":`...)
		b = strictjson.AppendString(b, w.data)
	}
	return string(append(b, "}}"...))
}

// catchUpLater has the session go on with the loop's next turn, if there is
// anything that it or its client waits for. It is called before the connection has
// its state, so that what is read from there comes after it.
func (s *session) catchUpLater(c *engine.Conn, r *protocol.Record) {
	unconfirmed := func(sub protocol.SubscriptionRecord) bool { return sub.Unconfirmed }
	if len(r.Waiting) == 0 && !slices.ContainsFunc(r.Subscriptions, unconfirmed) {
		return
	}
	later := &resuming{check: check{handle: s.Handle}}
	s.wait = &wait{job: &later.check}
	for _, text := range r.Waiting {
		s.wait.append([]byte(text))
	}
	c.Loop().Post(later)
}

// resuming stands for a job that is out, so that a session waits for it.
type resuming struct{ check }

// Run implements engine.Task. It brings the confirmations that are missing, and
// what the client had asked after that.
func (k *resuming) Run(l *engine.Loop) {
	c := l.Conn(k.handle)
	if c == nil {
		return
	}
	s, ok := c.Receiver().(*session)
	if !ok || s.wait == nil || s.wait.job != &k.check {
		return
	}
	s.wait.job = nil
	for sub := range s.Subs.All() {
		if !sub.Active() {
			s.home.server.registry.Confirm(sub, names.KindOf(sub.Channel()).Cached())
		}
	}
	s.goOn(c)
}
