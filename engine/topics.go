package engine

import (
	"hash/maphash"
	"math/bits"
)

// topic is what frames replace each other in under a rule of Conflate.
type topic struct {
	hash        uint64
	scope, name string
}

// topicSeed keeps clients from choosing names that collide.
var topicSeed = maphash.MakeSeed()

func newTopic(scope, name string) *topic {
	var h maphash.Hash
	h.SetSeed(topicSeed)
	h.WriteString(scope)
	h.WriteByte(0)
	h.WriteString(name)
	return &topic{hash: h.Sum64(), scope: scope, name: name}
}

func (t *topic) is(other *topic) bool {
	return t == other || other != nil && t.hash == other.hash && t.scope == other.scope && t.name == other.name
}

// topics finds the waiting frame of a topic: an open hash table of places in
// the queue's ring, four bytes each. An entry is no more than a hint: the
// frame in the ring is the truth, so frames leave the queue without telling
// the table, and a table that has filled up with old hints is made anew. Topics are
// compared wholly, never by their hashes alone: a collision would lose data.
type topics struct {
	table []uint32 // places plus one; 0 is free. Length is a power of two
	used  int      // entries that are not free
}

// supersede makes the frame at a position the one of its topic. All that came
// before it has been through here, nothing that came after it has, and it is
// not half sent. The position of the one that it replaces is returned.
func (q *queue) supersede(position uint32) (older uint32, found bool) {
	if 4*(q.topics.used+1) > 3*len(q.topics.table) {
		q.rebuildTopics(position)
	}
	place := q.place(position)
	entry, match := q.findTopic(q.ring[place].topic, place)
	x := &q.topics
	if match {
		older = x.table[entry] - 1
	} else if x.table[entry] == 0 {
		x.used++
	}
	x.table[entry] = place + 1
	return q.positionOf(older), match
}

// findTopic gives the entry of the topic's frame, or else one to be used for
// it. The frame at place does not count, nor does one that is half sent.
func (q *queue) findTopic(t *topic, place uint32) (entry int, match bool) {
	x := &q.topics
	mask := len(x.table) - 1
	unused, halfSent := -1, noPlace
	if q.off > 0 {
		halfSent = q.place(q.head)
	}
	for i := int(t.hash) & mask; ; i = (i + 1) & mask {
		if x.table[i] == 0 {
			if unused < 0 {
				unused = i
			}
			return unused, false
		}
		at := x.table[i] - 1
		f := q.ring[at]
		switch {
		case f == nil || at == place:
			if unused < 0 {
				unused = i
			}
		case t.is(f.topic) && at != halfSent:
			return i, true
		}
	}
}

const noPlace uint32 = 1<<32 - 1

// positionOf is the inverse of place.
func (q *queue) positionOf(place uint32) uint32 {
	return q.head + (place-q.head)&uint32(len(q.ring)-1)
}

// rebuildTopics makes the table anew with room for at least as many more
// topics, from the frames before a position.
func (q *queue) rebuildTopics(until uint32) {
	live := 0
	q.each(func(_ uint32, f *Frame) {
		if f.topic != nil {
			live++
		}
	})
	if size := max(minTopics, 1<<bits.Len(uint(2*live))); size != len(q.topics.table) {
		q.topics.table = make([]uint32, size)
	}
	clear(q.topics.table)
	q.topics.used = 0
	q.enterTopics(until)
}

const minTopics = 8

// reindex repairs the hints after the ring has changed its places.
func (q *queue) reindex() {
	if q.topics.used == 0 {
		return
	}
	clear(q.topics.table)
	q.topics.used = 0
	q.enterTopics(q.end())
}

func (q *queue) enterTopics(until uint32) {
	for p := q.whole(); p != until; p++ {
		f := q.at(p)
		if f == nil || f.topic == nil {
			continue
		}
		place := q.place(p)
		entry, _ := q.findTopic(f.topic, place)
		q.topics.table[entry] = place + 1
		q.topics.used++
	}
}
