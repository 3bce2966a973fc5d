//go:build e2e

package hostile

import (
	"math/bits"
	"slices"
)

// people is a set of numbers.
type people []uint64

func newPeople(n int) people { return make(people, (n+63)/64) }

func (p people) has(n int) bool { return p[n/64]>>(n%64)&1 == 1 }

// add and remove tell whether that changed anything.
func (p people) add(n int) bool {
	was := p.has(n)
	p[n/64] |= 1 << (n % 64)
	return !was
}

func (p people) remove(n int) bool {
	was := p.has(n)
	p[n/64] &^= 1 << (n % 64)
	return was
}

func (p people) clear() { clear(p) }

func (p people) count() (n int) {
	for _, word := range p {
		n += bits.OnesCount64(word)
	}
	return n
}

func (p people) equal(q people) bool { return slices.Equal(p, q) }
