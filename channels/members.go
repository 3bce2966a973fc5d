package channels

import "iter"

// blockSize is how many members are encoded together. A larger block is a
// longer encoding when one of it comes or goes, a smaller one makes longer
// lists of blocks.
const blockSize = 64

// block is up to blockSize members, and what they are in each wire format. It
// never changes: who comes or goes makes a new one.
type block struct {
	members   []*Member
	encodings []encoding  // one per wire format
	inline    [1]encoding // spares the allocation where there is one format
}

// Members is who is on a presence channel at one moment, in the order in which
// they joined. It never changes, is shared, and may be kept. Any goroutine.
type Members struct {
	full []*block
	last *block // nil when there is nobody
	n    int
}

// Len returns how many there are.
func (m Members) Len() int { return m.n }

// All yields them. A member must not be changed.
func (m Members) All() iter.Seq[*Member] {
	return func(yield func(*Member) bool) {
		for b := range m.blocks() {
			for _, member := range b.members {
				if !yield(member) {
					return
				}
			}
		}
	}
}

// Encoded yields what the sink of a wire format has made of them, block by
// block. A block of a large room is encoded once for all who join while it
// stays as it is; the one of a small room each time, because it would take
// more memory than the room itself.
func (m Members) Encoded(format uint8, sink Sink) iter.Seq[any] {
	return func(yield func(any) bool) {
		if len(m.full) == 0 && m.last != nil {
			yield(sink.EncodeMembers(m.last.members))
			return
		}
		for b := range m.blocks() {
			if !yield(b.encoded(format, sink)) {
				return
			}
		}
	}
}

func (m Members) blocks() iter.Seq[*block] {
	return func(yield func(*block) bool) {
		for _, b := range m.full {
			if !yield(b) {
				return
			}
		}
		if m.last != nil {
			yield(m.last)
		}
	}
}

// encoded returns the members in the sink's format.
func (b *block) encoded(format uint8, sink Sink) any {
	e := &b.encodings[format]
	e.once.Do(func() { e.value = sink.EncodeMembers(b.members) })
	return e.value
}

// with returns the block and one more member. The two share their memory: the
// first does not see what is behind its end, and nobody else appends to it.
func (b *block) with(m *Member) *block {
	return newBlock(append(b.members, m), len(b.encodings))
}

// without returns the block but for one member.
func (b *block) without(m *Member) *block {
	rest := make([]*Member, 0, len(b.members)-1)
	for _, other := range b.members {
		if other != m {
			rest = append(rest, other)
		}
	}
	return newBlock(rest, len(b.encodings))
}

func newBlock(members []*Member, formats int) *block {
	b := &block{members: members}
	b.encodings = b.inline[:]
	if formats > len(b.inline) {
		b.encodings = make([]encoding, formats)
	}
	return b
}
