package channels

// list is the subscribers of one channel at one place. All but the channel and
// the place, which never change, is owned by the place's loop.
type list struct {
	channel *channel
	place   Place

	delivering bool // the sink reads handles right now: nothing may move
	holes      bool // somebody left meanwhile

	handles []Handle        // dense, for the sink
	subs    []*Subscription // subs[i] is the subscription of handles[i], and i its index
}

// smallest is the capacity below which a slice is not worth shrinking.
const smallest = 16

// add appends the subscription.
func (l *list) add(s *Subscription) {
	s.index = int32(len(l.handles))
	l.handles = append(l.handles, s.handle)
	l.subs = append(l.subs, s)
}

// remove takes the subscription out at once, moving the last into its place.
func (l *list) remove(s *Subscription) {
	if l.delivering {
		l.handles[s.index], l.subs[s.index] = None, nil
		l.holes = true
		return
	}
	i, last := int(s.index), len(l.handles)-1
	l.handles[i], l.subs[i] = l.handles[last], l.subs[last]
	l.subs[i].index = int32(i)
	l.truncate(last)
}

// deliver gives the message to the subscribers.
func (l *list) deliver(m *Message, sink Sink) {
	encoded := m.encoded(l.place.Format, sink)
	l.delivering = true
	defer l.delivered()
	sink.Deliver(int(l.place.Loop), m, encoded, l.handles)
}

// delivered closes the gaps of those who left during the delivery.
func (l *list) delivered() {
	l.delivering = false
	if !l.holes {
		return
	}
	l.holes = false
	n := 0
	for _, s := range l.subs {
		if s == nil {
			continue
		}
		l.handles[n], l.subs[n] = s.handle, s
		s.index = int32(n)
		n++
	}
	l.truncate(n)
}

// truncate keeps the first n, and gives memory back when little of it is used.
func (l *list) truncate(n int) {
	clear(l.subs[n:])
	l.handles = shrink(l.handles[:n])
	l.subs = shrink(l.subs[:n])
}

// shrink moves a slice that fills less than a quarter of its memory into one
// half the size, so that it neither keeps much nor moves often.
func shrink[T any](s []T) []T {
	if cap(s) <= smallest || len(s) >= cap(s)/4 {
		return s
	}
	return append(make([]T, 0, cap(s)/2), s...)
}
